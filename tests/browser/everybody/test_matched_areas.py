"""Copies in the sample gallery, and the polygons over them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.waiting import soon

OpenPage = Callable[..., Page]


def test_a_copy_shows_its_matched_area_until_it_is_hidden(open_page: OpenPage) -> None:
    page = open_page("/search/?image=1&preset=copyright")
    areas, chips = page.locator(".hit-area"), page.locator(".hit-motion")
    expect(areas.first).to_be_visible()
    expect(chips.first).to_have_attribute("title", re.compile(r"^\d+ keypoints match"))
    number = chips.count()
    page.get_by_role("link", name="Hide matched areas").click()
    expect(areas).to_have_count(0)
    expect(chips).to_have_count(number)
    expect(page).to_have_url(re.compile("areas=off"))
    page.reload()
    expect(areas).to_have_count(0)
    page.get_by_role("link", name="Show matched areas").click()
    expect(areas).to_have_count(number)
    expect(page).not_to_have_url(re.compile("areas="))


def test_the_polygon_lies_over_the_photograph(open_page: OpenPage) -> None:
    page = open_page("/search/?image=1&preset=copyright")
    card = page.locator(".hit-photo:has(.hit-area)").first
    expect(card).to_be_visible()
    photo, area = card.locator("img"), card.locator(".hit-area")
    photo.scroll_into_view_if_needed()
    soon(page, lambda: photo.evaluate("image => image.naturalWidth") > 0)
    soon(page, lambda: photo.bounding_box() == pytest.approx(area.bounding_box(), abs=1))
    width, height = photo.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    box = [float(number) for number in (area.get_attribute("viewBox") or "").split()]
    assert abs(box[2] / box[3] - width / height) < 0.02


def test_it_works_without_scripts(open_page: OpenPage) -> None:
    page = open_page("/search/?image=1&preset=copyright", java_script_enabled=False)
    expect(page.locator(".hit-area").first).to_be_visible()
    page.get_by_role("link", name="Hide matched areas").click()
    expect(page.locator(".hit-area")).to_have_count(0)
