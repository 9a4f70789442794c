"""What pages share: menus, forms that are sent once, where the focus and the scrolling stay."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from gallery.views.index import AUTO_PAGES, PAGE_SIZE
from tests.browser.waiting import soon

OpenPage = Callable[..., Page]


def test_escape_closes_a_menu_and_leads_nowhere(open_as: OpenPage) -> None:
    page = open_as("vera", "/images/1/")
    page.locator(".who summary").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Log out")).to_be_hidden()
    expect(page.locator(".who summary")).to_be_focused()
    page.wait_for_timeout(300)
    expect(page).to_have_url(re.compile("/images/1/$"))


def test_menus_close_by_a_click_elsewhere(open_as: OpenPage) -> None:
    page = open_as("vera", "/")
    page.get_by_text("Date", exact=True).click()
    expect(page.locator("#filter-since")).to_be_visible()
    page.locator("#filter-since").click()
    expect(page.locator("#filter-since")).to_be_visible()
    page.locator("#title").click()
    expect(page.locator("#filter-since")).to_be_hidden()


def test_clicks_where_no_image_is(open_as: OpenPage) -> None:
    """An error of a script would fail the test."""
    page = open_as("vera", "/?q=nothing-like-it")
    page.get_by_role("heading", name="No image passes these filters").click()


def test_a_form_is_sent_once(open_as: OpenPage) -> None:
    page = open_as("carl", "/collections/new/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_label("Name").fill("Pressed twice")
    page.get_by_role("button", name="Make it").dblclick()
    expect(page.get_by_role("heading", name="Pressed twice")).to_be_visible()
    soon(page, lambda: len(sent), 1)


def test_what_is_downloaded_can_be_had_again(open_as: OpenPage, furnished: dict[str, Any]) -> None:
    page = open_as("rita", "/review/verdicts/")
    for name in ("CSV", "CSV", "JSON"):
        with page.expect_download():
            page.get_by_role("button", name=name).click()


def test_the_focus_stays_on_the_same_control(open_as: OpenPage, furnished: dict[str, Any]) -> None:
    page = open_as("ada", f"/collections/{furnished['private']}/members/")
    change = page.get_by_role("button", name="Change the role of rita")
    change.press("Enter")
    expect(page.locator(".members-done")).to_be_visible()
    expect(change).to_be_focused()


def test_the_focus_goes_to_the_first_that_is_new(open_as: OpenPage) -> None:
    page = open_as("vera", f"/?part={AUTO_PAGES}")
    page.get_by_role("link", name="Load more").press("Enter")
    expect(page.locator(".tile .thumb").nth(PAGE_SIZE)).to_be_focused()


def test_the_focus_stays_with_its_part_while_another_is_replaced(open_as: OpenPage) -> None:
    page = open_as("vera", f"/?part={AUTO_PAGES}")
    page.evaluate("htmx.config.defaultSettleDelay = 500")  # in which the banner asks again
    page.get_by_role("link", name="Load more").press("Enter")
    expect(page.locator(".tile .thumb").nth(PAGE_SIZE)).to_be_attached()
    page.evaluate(
        "htmx.ajax('GET', '/status/banner/', {target: '[hx-get=\"/status/banner/\"]', swap: 'innerHTML settle:1ms'})"
    )
    expect(page.locator(".tile .thumb").nth(PAGE_SIZE)).to_be_focused()


def test_the_focus_goes_to_the_first_hit_that_is_new(open_as: OpenPage) -> None:
    page = open_as("vera", "/search/?image=1&k=12")
    page.get_by_role("link", name="Show more").press("Enter")
    expect(page.locator(".hit-name").nth(12)).to_be_focused()
    page.get_by_role("link", name="Every method of every hit").press("Enter")
    expect(page.locator(".hits-list")).to_be_visible()
    expect(page.get_by_role("link", name="Every method of every hit")).to_be_focused()


def test_the_gallery_is_found_as_it_was_left(open_as: OpenPage) -> None:
    page = open_as("vera", "/")
    thumb = page.locator(".tile .thumb").nth(PAGE_SIZE - 1)
    thumb.hover()
    place = page.evaluate("scrollY")
    assert place > 0
    thumb.click()
    page.wait_for_url("**/images/*/")
    page.keyboard.press("Escape")
    page.wait_for_url(lambda address: "/images/" not in address)
    soon(page, lambda: page.evaluate("scrollY"), place)
