"""axe on every page, in both themes, on a wide and on a narrow window; and no page is wider than its window."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from django.contrib import admin
from django.db.models import Model
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.axe import check, check_colors
from tests.browser.page_list import PAGES, Shown, Things, select_two
from tests.browser.sites import PASSWORD, Site, address_of, log_in, pages_of
from tests.browser.waiting import arrive, fit, painted, still
from tests.gallery.people.accounts.test_second_factor import code_of

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDE, NARROW, HEIGHT = 1300, 390, 800
SECOND_FACTOR = (
    "mfa_index",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_deactivate_totp",
    "mfa_reauthenticate",
)
OpenPage = Callable[..., Page]
Look = Callable[[str, str], Page]


@pytest.fixture(scope="module")
def look(browser: Browser, team_site: Site, sessions: Callable[[str], StorageState | None]) -> Iterator[Look]:
    """Return what leads somebody to an address in the window that they have open.

    A new window for each page fetches all styles and scripts again, which takes longer than to look at most pages.
    """
    windows: dict[str, Page] = {}
    with pages_of(browser, team_site.address) as open_it:

        def lead(name: str, address: str) -> Page:
            if name not in windows:
                windows[name] = open_it("/livez", storage_state=sessions(name))
            page = windows[name]
            page.set_viewport_size({"width": WIDE, "height": HEIGHT})
            page.emulate_media(color_scheme="light")
            page.goto(address)
            return page

        yield lead


def check_everywhere(page: Page) -> None:
    """Look at a page in both themes, wide and narrow."""
    page.wait_for_load_state("load")
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for theme, look_at in zip(THEMES, (check, check_colors), strict=True):
            page.emulate_media(color_scheme=theme)
            painted(page)
            look_at(page)
        fit(page, width)


@pytest.mark.parametrize("shown", PAGES, ids=str)
def test_every_page(look: Look, furnished: Things, shown: Shown) -> None:
    address = address_of(shown.name, *shown.args(furnished))
    page = look(shown.who, address + shown.query)
    arrive(page, address)
    expect(page.locator("main h1")).to_have_count(1)
    if shown.steps:
        shown.steps(page)
    check_everywhere(page)


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label_lower)
def test_lists_of_the_admin(look: Look, furnished: Things, model: type[Model]) -> None:
    page = look("ada", address_of(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    check_admin(page)


@pytest.mark.parametrize("address", ["/admin/", "/admin/gallery/image/1/change/", "/admin/gallery/image/1/history/"])
def test_pages_of_the_admin(look: Look, address: str) -> None:
    check_admin(look("ada", address))


def check_admin(page: Page) -> None:
    """Look at a page of Django's own in both themes."""
    for theme, look_at in zip(THEMES, (check, check_colors), strict=True):
        page.emulate_media(color_scheme=theme)
        still(page)  # its colors fade into each other
        look_at(page, is_ours=False)


@pytest.mark.parametrize("name", ["403", "404"])
def test_pages_that_refuse(look: Look, name: str) -> None:
    check_everywhere(look("vera", "/audit/" if name == "403" else "/images/999999/"))


def test_pages_of_the_second_factor(open_as: OpenPage) -> None:
    page = open_as("", "/accounts/login/")
    log_in(page, "mona", "/")
    page.goto(address_of("mfa_activate_totp"))
    page.locator("#id_password").fill(PASSWORD)  # once more: this changes the account
    page.get_by_role("button", name="Go on").click()
    arrive(page, address_of("mfa_activate_totp"))
    check_everywhere(page)
    page.locator("#id_code").fill(code_of(page.locator(".secret").inner_text()))
    page.get_by_role("button", name="Use this app").click()
    expect(page.get_by_role("heading", level=1, name="Set up")).to_have_count(0)
    for name in SECOND_FACTOR:
        page.goto(address_of(name))
        check_everywhere(page)

    page = open_as("", "/accounts/login/")
    page.locator("#id_login").fill("mona")
    page.locator("#id_password").fill(PASSWORD)
    page.keyboard.press("Enter")
    arrive(page, address_of("mfa_authenticate"))
    check_everywhere(page)


def test_merging(open_as: OpenPage) -> None:
    page = open_as("carl", "/")
    select_two(page)
    page.get_by_role("button", name="Merge…").click()
    expect(page).to_have_url(re.compile("/images/merge/"))
    check_everywhere(page)


def test_the_sheet_of_weights(open_as: OpenPage) -> None:
    page = open_as("vera", "/search/?image=1&k=12", viewport={"width": NARROW, "height": 800})
    page.locator("#sheet").click()
    expect(page.locator("#min")).to_be_visible()
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        check(page)


def test_the_table_of_keys(open_as: OpenPage) -> None:
    page = open_as("vera", "/")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    check_everywhere(page)
