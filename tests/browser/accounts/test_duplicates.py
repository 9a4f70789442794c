"""Deciding about duplicates by keys, and without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.sites import Site
from tests.search.processes import wait_until

OpenPage = Callable[..., Page]
REPEATED = """
SELECT 1 FROM review_duplicategroup AS found JOIN review_duplicatescan AS scan ON scan.id = found.scan_id
WHERE found.tier = 1 AND found.decision_id IS NULL AND scan.state = 'ready'
"""
SCAN_SECONDS = 1800


@pytest.fixture
def repeated(team_site: Site, furnished: dict[str, Any]) -> str:
    """The address of the group of the file that came twice."""
    wait_until(lambda: team_site.sql(REPEATED), "the repeated upload is in a group", SCAN_SECONDS)
    return f"/duplicates/?tier=1&image={furnished['first']}"


def test_by_keys(open_as: OpenPage, repeated: str) -> None:
    page = open_as("carl", repeated)
    group = page.locator(".group").first
    expect(group).to_contain_text("again as again.png")
    page.keyboard.press("j")
    expect(group).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator(".bulk-count")).to_have_text("1 selected group")
    page.keyboard.press("a")
    settled = page.locator(".group-settled")
    expect(settled).to_contain_text("Kept as it is; it does not come again.")
    expect(page.locator("#live")).to_have_text("Kept as it is; it does not come again.")
    page.keyboard.press("u")
    expect(settled).to_contain_text("Undone: this set may come again.")
    expect(page.locator(".group").first).to_contain_text("again as again.png")


def test_without_javascript(open_as: OpenPage, repeated: str) -> None:
    page = open_as("carl", repeated, java_script_enabled=False)
    page.get_by_role("button", name="Seen; do not show it again").click()
    expect(page.locator(".messages")).to_contain_text("Kept as it is; it does not come again.")
    expect(page.locator(".group")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".messages")).to_contain_text("Undone: this set may come again.")
    expect(page.locator(".group")).to_have_count(1)
    page.get_by_role("checkbox", name="Select the group").check()
    page.get_by_role("button", name="Keep all…").click()
    expect(page.get_by_role("heading", name="Keep all images of 1 group?")).to_be_visible()
    page.get_by_role("link", name="Go back without doing it").click()
    expect(page.locator(".group")).to_have_count(1)
