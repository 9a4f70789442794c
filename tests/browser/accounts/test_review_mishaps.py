"""What goes wrong between people and their browsers: each is answered in words, and nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.sites import Site

OpenPage = Callable[..., Page]
NOTE = "Seen at the archive, box 12."
LAST_WORDS = "The frame is the same, too."


def test_two_people_contradict_each_other(open_as: OpenPage) -> None:
    rita, ruth = (open_as(name, "/compare/13/14/") for name in ("rita", "ruth"))
    rita.get_by_role("button", name="same").click()
    expect(rita.locator("#verdict")).to_contain_text("You decided same")
    ruth.get_by_role("button", name="different").click()
    expect(ruth.locator("#verdict")).to_contain_text("You decided different")
    expect(ruth.locator("#verdict")).to_contain_text("rita")
    ruth.goto("/review/verdicts/?split=on")
    expect(ruth.locator("main").get_by_text("needs adjudication").first).to_be_visible()


def test_two_windows_decide_at_once(open_as: OpenPage) -> None:
    page = open_as("rita", "/compare/13/15/")
    other = page.context.new_page()
    other.goto("/compare/13/15/")
    page.get_by_role("button", name="related").click()
    expect(page.locator("#verdict")).to_contain_text("You decided related")
    other.locator("#verdict textarea").fill(NOTE)
    other.get_by_role("button", name="unsure").click()
    expect(other.locator("#verdict [role=alert]")).to_contain_text("another window")
    expect(other.locator("#verdict textarea")).to_have_value(NOTE)
    other.get_by_role("button", name="Replace it by “unsure”").click()
    expect(other.locator("#verdict")).to_contain_text("You decided unsure")


def test_an_image_goes_while_its_pair_is_read(open_as: OpenPage, team_site: Site) -> None:
    queue = team_site.call("make_queue", "One image goes", 2)
    page = open_as("rita", f"/review/queues/{queue}/")
    image = str(page.locator(".turn figcaption a").first.get_attribute("href")).strip("/").rpartition("/")[2]
    page.locator(".turn textarea").fill(LAST_WORDS)
    assert team_site.call("move_to_trash", int(image)) == 1
    page.locator(".turn").get_by_role("button", name="same").click()
    expect(page.locator("#said")).to_be_visible()
    expect(page.locator("#said")).to_contain_text("removed")
    assert team_site.sql("SELECT count(*) FROM review_verdict WHERE note = ?", LAST_WORDS) == [(1,)]
    page.goto(f"/review/queues/{queue}/")
    page.locator(".turn").get_by_role("button", name="unsure").click()
    expect(page.locator("[data-end]")).to_contain_text("left out: an image was removed")


def test_a_role_is_withdrawn_while_a_pair_is_read(open_as: OpenPage, team_site: Site) -> None:
    queue = team_site.call("make_queue", "Role withdrawn", 2)
    page = open_as("rosa", f"/review/queues/{queue}/")
    page.locator(".turn textarea").fill(NOTE)
    assert team_site.call("give_role", "rosa", "viewer")
    try:
        page.locator(".turn").get_by_role("button", name="same").click()
        expect(page.locator(".turn-problem")).to_contain_text("needs the role “reviewer”")
        expect(page.locator(".turn textarea")).to_have_value(NOTE)
        page.goto(f"/review/queues/{queue}/")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("main")).to_contain_text("reviewer")
    finally:
        assert team_site.call("give_role", "rosa", "reviewer")


def test_a_queue_is_closed_while_it_is_read(open_as: OpenPage, team_site: Site) -> None:
    queue = team_site.call("make_queue", "Closed early", 2)
    page = open_as("rita", f"/review/queues/{queue}/")
    curator = open_as("carl", f"/review/queues/{queue}/report/")
    curator.get_by_role("button", name="Close").click()
    expect(curator.locator("main")).to_contain_text("closed")
    page.locator(".turn textarea").fill(NOTE)
    page.locator(".turn").get_by_role("button", name="same").click()
    expect(page.locator("#said")).to_contain_text("closed meanwhile. Your verdict is kept")
    page.goto(f"/review/queues/{queue}/")
    expect(page.locator("[data-end]")).to_contain_text("This queue is closed")
