"""A collection's own weights: set by a curator, in force where a search of it names none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect


def _set(page: Page, choice: str) -> None:
    page.locator(f"input[name=choice][value={choice}]").check()
    page.get_by_role("region", name="Searches in this collection").get_by_role("button", name="Save").click()
    expect(page.locator(".message")).to_contain_text("What counts in searches of")


def test_they_count_as_long_as_nobody_touches_the_sliders(
    open_as: Callable[..., Page], furnished: dict[str, Any]
) -> None:
    settings = f"/collections/{furnished['collection']}/settings/"
    curator = open_as("carl", settings)
    for weight in curator.locator(".own-weight input").all():
        weight.fill("0")
    curator.get_by_role("spinbutton", name="Color").fill("1")
    _set(curator, "own")
    page = open_as("vera", f"/search/?image={furnished['first']}")
    chips = page.locator("[data-preset]")
    expect(chips.first).to_have_text("General")
    with page.expect_navigation():
        page.locator("#collection").select_option(str(furnished["collection"]))
    expect(chips.first).to_have_text("This collection")
    expect(chips.first).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#w_color")).to_have_value("1")
    page.get_by_role("button", name="General").click()
    expect(chips.first).to_have_attribute("aria-pressed", "false")
    page.locator("#collection").select_option("")
    page.wait_for_url(lambda address: "w_deep=" in address and "collection" not in address)
    _set(open_as("carl", settings), "site")
