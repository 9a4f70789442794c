"""A queue read from its list to its end without a mouse."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.sites import Site

OpenPage = Callable[..., Page]
MOST_TABS = 60


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has the focus is called like that."""
    for _press in range(MOST_TABS):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(document.activeElement.ariaLabel ?? document.activeElement.textContent).replace(/\\s+/g, ' ').trim()"
        )
        if focused == name:
            return
    raise AssertionError(f"{MOST_TABS} times Tab did not lead to “{name}”")


def at(page: Page, position: int) -> None:
    """Wait until a pair is shown."""
    expect(page.locator(f'.turn[data-position="{position}"]')).to_be_visible()


def press_and_send(page: Page, key: str) -> None:
    """Press a key that decides, and wait until the server has the verdict."""
    with page.expect_response("**/decide/") as answer:
        page.keyboard.press(key)
    assert answer.value.ok


def test_a_whole_queue(open_as: OpenPage, team_site: Site) -> None:
    name = "By keyboard"
    queue = team_site.call("make_queue", name, 4)
    page = open_as("ruth", "/review/")
    page.mouse.move(0, 0)
    tab_to(page, name)  # the newest queue comes first; its report is one press before its pairs
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/review/queues/{queue}/**")
    at(page, 1)

    page.keyboard.press("j")
    at(page, 2)
    page.keyboard.press("k")
    at(page, 1)
    press_and_send(page, "3")
    at(page, 2)
    with page.expect_response("**/undo/"):
        page.keyboard.press("u")
    at(page, 1)

    page.keyboard.press("n")
    page.keyboard.type("12 of them, jumbled.")  # neither 1, 2 nor j are commands here
    at(page, 1)
    page.keyboard.press("Escape")
    press_and_send(page, "4")
    at(page, 2)

    page.keyboard.press("z")
    expect(page.locator("[data-zoom]")).to_have_attribute("data-zoomed", "")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("/")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    at(page, 4)
    press_and_send(page, "5")
    at(page, 2)  # the last pair is decided; those that were passed by come again
    press_and_send(page, "2")
    at(page, 3)
    press_and_send(page, "1")
    expect(page.get_by_role("heading", name="You are through")).to_be_visible()

    kinds = team_site.sql(
        "SELECT kind, note FROM review_verdict JOIN review_reading ON verdict_id = review_verdict.id"
        " JOIN review_queuedpair ON pair_id = review_queuedpair.id WHERE queue_id = ? ORDER BY position",
        queue,
    )
    assert [kind for kind, _note in kinds] == ["different", "near_duplicate", "same", "unsure"]
    assert kinds[0][1] == "12 of them, jumbled."


def test_comparing(open_as: OpenPage) -> None:
    page = open_as("carl", "/search/?image=5&k=12")
    expect(page.locator(".hit").first).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile(r"/compare/5/\d+/"))
    page.wait_for_load_state("load")
    page.keyboard.press("3")
    expect(page.locator("#verdict")).to_contain_text("You decided related")
    tab_to(page, "Undo")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).not_to_contain_text("You decided")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/search/\?image=5"))
