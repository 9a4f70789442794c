"""Comparing and reading a queue on a phone: a narrow screen and a finger."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.sites import Site
from tests.browser.waiting import fit, soon

OpenPage = Callable[..., Page]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
SMALLEST = 24
"""Pixels across the smallest thing to tap (WCAG 2.2, 2.5.8)."""
SMALL = """(least) => [...document.querySelectorAll("main button, main select, main a.button, main summary")]
    .filter((each) => each.checkVisibility())
    .filter((each) => !each.closest(".visually-hidden"))
    .map((each) => [each.textContent.trim(), each.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.width < least || box.height < least))
    .map(([text]) => text)"""


def fits(page: Page) -> None:
    """Check that nothing is wider than the screen, and nothing to tap in the page smaller than a fingertip."""
    fit(page, PHONE["viewport"]["width"])  # type: ignore[index]
    soon(page, lambda: page.evaluate(SMALL, SMALLEST), [])


def test_comparing(open_as: OpenPage) -> None:
    page = open_as("rita", "/compare/9/10/", **PHONE)
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()
    fits(page)
    for name in ("Swipe", "Overlay", "Flicker", "Side by side"):
        page.get_by_role("button", name=name).tap()
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
        fits(page)
    for name in ("Metadata", "Colors", "Scores"):
        page.get_by_role("tab", name=name).tap()
        expect(page.get_by_role("tabpanel", name=name)).to_be_visible()
        fits(page)
    page.get_by_role("button", name="related").tap()
    expect(page.locator("#verdict")).to_contain_text("You decided related")
    fits(page)


def test_reading(open_as: OpenPage, team_site: Site) -> None:
    queue = team_site.call("make_queue", "On the train", 2)
    page = open_as("rosa", "/review/", **PHONE)
    fits(page)
    page.goto(f"/review/queues/{queue}/")
    for position in (1, 2):
        turn = page.locator(f'.turn[data-position="{position}"]')
        expect(turn).to_be_visible()
        fits(page)
        turn.get_by_role("button", name="unsure").tap()
    expect(page.get_by_role("heading", name="You are through")).to_be_visible()
    fits(page)


@pytest.mark.parametrize("address", ["/duplicates/", "/review/verdicts/", "/records/", "/collections/"])
def test_other_pages(open_as: OpenPage, address: str) -> None:
    page = open_as("rita", address, **PHONE)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    fits(page)
