"""The reading page's own doings: verdicts shown before they are sent, taken back when they are not kept, and zoom."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.sites import Site
from tests.browser.waiting import soon

OpenPage = Callable[..., Page]
DECIDE = "**/decide/"


@pytest.fixture
def page(open_as: OpenPage, team_site: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A queue of four pairs, opened by a reviewer."""
    queue = team_site.call("make_queue", request.node.name, 4)
    page: Page = open_as("ruth", f"/review/queues/{queue}/")
    yield page
    page.get_by_role("button", name="Stop").click()


def at(page: Page, position: int) -> None:
    expect(page.locator(f'.turn[data-position="{position}"]')).to_be_visible()


def test_a_verdict_that_cannot_be_sent_comes_back_with_its_note(page: Page) -> None:
    at(page, 1)
    page.route(DECIDE, lambda route: route.abort())
    page.keyboard.press("n")
    page.keyboard.type("the same cup, 2 chips")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.get_by_role("alert")).to_contain_text("Your verdict was not kept; it is still here, send it again.")
    at(page, 1)
    expect(page.get_by_label("Note, kept with the verdict")).to_have_value("the same cup, 2 chips")
    expect(page.locator("[data-done]")).to_have_text("0")
    page.unroute(DECIDE)
    with page.expect_response(DECIDE):
        page.keyboard.press("1")
    at(page, 2)
    expect(page.locator("[data-done]")).to_have_text("1")
    page.keyboard.press("k")
    at(page, 1)
    expect(page.get_by_label("Note, kept with the verdict")).to_have_value("the same cup, 2 chips")


def test_what_is_shown_does_not_wait_for_the_server(page: Page) -> None:
    at(page, 1)
    held: list[Callable[[], None]] = []
    page.route(DECIDE, lambda route: held.append(route.continue_))
    with page.expect_request(DECIDE):
        page.keyboard.press("4")
    at(page, 2)
    expect(page.locator("[data-done]")).to_have_text("1")
    soon(page, lambda: len(held), 1)
    with page.expect_response(DECIDE):
        held[0]()
    expect(page.locator("#live")).to_have_text("Recorded: different.")


def test_the_end_is_reached_once_however_fast_one_reads(page: Page) -> None:
    for position, key in enumerate("1345", start=1):
        at(page, position)
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="You are through")).to_be_visible()
    page.keyboard.press("u")
    at(page, 4)
    expect(page.locator("[data-done]")).to_have_text("3")
    page.keyboard.press("u")
    expect(page.locator("#live")).to_have_text("There is nothing to undo.")
    with page.expect_response(DECIDE):
        page.keyboard.press("2")
    expect(page.get_by_role("heading", name="You are through")).to_be_visible()


def test_both_images_are_zoomed_together(page: Page) -> None:
    pair, image = page.locator(".turn-pair"), page.locator(".turn-image img")
    page.keyboard.press("z")
    page.keyboard.press("ArrowRight")
    expect(pair).to_have_attribute("data-zoomed", "")
    for each in image.all():
        expect(each).to_have_css("transform", "matrix(2, 0, 0, 2, 0, 0)")
    soon(page, lambda: pair.evaluate("pair => pair.style.getPropertyValue('--zoom-x')"), "54%")
    page.keyboard.press("z")
    page.keyboard.press("z")
    expect(pair).not_to_have_attribute("data-zoomed", "")
