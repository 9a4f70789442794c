"""axe on every page, in both themes, on a wide and on a narrow window; and no page is wider than its window."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.page_list import PAGES, Shown, Things, select_two
from tests.browser.sites import PASSWORD, address_of, log_in
from tests.gallery.accounts.test_second_factor import code_of

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDE, NARROW = 1300, 390
SECOND_FACTOR = (
    "mfa_index",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_deactivate_totp",
    "mfa_reauthenticate",
)
OpenPage = Callable[..., Page]


def check(page: Page) -> None:
    """Fail with what axe finds."""
    violations = Axe().run(page, options=RULES).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"][:3]]) for each in violations] == []


def check_everywhere(page: Page) -> None:
    """Look at a page in both themes, wide and narrow."""
    page.wait_for_load_state("load")
    for width, theme in product((WIDE, NARROW), THEMES):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(50)
        check(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"the page is {wide} pixels wide in a window of {width}"


@pytest.mark.parametrize("shown", PAGES, ids=str)
def test_every_page(open_desk: OpenPage, furnished: Things, shown: Shown) -> None:
    page = open_desk(shown.who, address_of(shown.name, *shown.args(furnished)) + shown.query)
    expect(page.locator("main h1")).to_have_count(1)
    if shown.steps:
        shown.steps(page)
    check_everywhere(page)


@pytest.mark.parametrize("name", ["403", "404"])
def test_pages_that_refuse(open_desk: OpenPage, name: str) -> None:
    check_everywhere(open_desk("vera", "/audit/" if name == "403" else "/images/999999/"))


def test_pages_of_the_second_factor(open_desk: OpenPage) -> None:
    page = open_desk("", "/accounts/login/")
    log_in(page, "mona", address_of("mfa_activate_totp"))
    page.locator("#id_code").fill(code_of(page.locator(".secret").inner_text()))
    page.get_by_role("button", name="Use this app").click()
    expect(page.get_by_role("heading", level=1, name="Set up")).to_have_count(0)
    for name in SECOND_FACTOR:
        page.goto(address_of(name))
        check_everywhere(page)

    page = open_desk("", "/accounts/login/")
    page.locator("#id_login").fill("mona")
    page.locator("#id_password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{address_of('mfa_authenticate')}**")
    check_everywhere(page)


def test_merging(open_desk: OpenPage) -> None:
    page = open_desk("carl", "/")
    select_two(page)
    page.get_by_role("button", name="Merge…").click()
    expect(page).to_have_url(re.compile("/images/merge/"))
    check_everywhere(page)


def test_the_sheet_of_weights(open_page: OpenPage) -> None:
    page = open_page("/search/?image=1&k=12", viewport={"width": NARROW, "height": 800})
    page.locator("#sheet").click()
    expect(page.locator("#min")).to_be_visible()
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        check(page)


def test_the_table_of_keys(open_desk: OpenPage) -> None:
    page = open_desk("vera", "/")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    check_everywhere(page)
