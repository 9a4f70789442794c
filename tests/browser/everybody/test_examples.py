"""Searching by several examples and by a part of one, by keyboard and by pointer."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

PHONE = {"width": 390, "height": 844}
OpenPage = Callable[..., Page]


def test_hits_become_examples_by_keyboard(open_page: OpenPage) -> None:
    page = open_page("/search/?image=1")
    expect(page.locator(".hit").nth(5)).to_be_attached()
    expect(page.locator("[data-example]")).to_have_count(0)
    page.locator(".hit-name").nth(1).focus()
    page.keyboard.press("+")
    expect(page).to_have_url(re.compile(r"[?&]like=\d+"))
    expect(page.locator("[data-example]")).to_have_count(2)
    page.locator(".hit-name").nth(3).focus()
    page.keyboard.press("-")
    expect(page).to_have_url(re.compile(r"[?&]unlike=\d+"))
    expect(page.locator("[data-example]")).to_have_count(3)
    expect(page.locator(".example-unlike")).to_have_count(1)
    page.locator(".hit summary").first.click()
    expect(page.locator(".hit details[open] [data-note=examples]").first).to_be_visible()
    page.locator(".example-unlike a").last.press("Enter")
    expect(page.locator("[data-example]")).to_have_count(2)
    expect(page).not_to_have_url(re.compile("unlike"))


def test_a_part_is_drawn_moved_and_searched_by(open_page: OpenPage) -> None:
    page = open_page("/search/?image=1")
    expect(page.locator(".hit").nth(5)).to_be_attached()
    page.locator("[data-region]").press("Enter")
    stage = page.locator("#region [data-stage]")
    expect(stage).to_be_focused()
    stage.press("ArrowRight")
    stage.press("Shift+ArrowDown")
    expect(page.locator("#region input[name=left]")).to_have_value("26")
    expect(page.locator("#region input[name=height]")).to_have_value("51")
    page.locator("#region input[name=width]").fill("60")
    page.locator("#region input[name=width]").press("Enter")
    expect(page).to_have_url(re.compile(r"box=0\.26%2C0\.25%2C0\.6%2C0\.51"))
    expect(page.locator("[data-example] polygon")).to_have_count(1)
    expect(page.locator(".hit").first).to_be_attached(timeout=60_000)  # once a worker has described it


def test_a_part_is_drawn_by_the_pointer_on_a_phone(open_page: OpenPage) -> None:
    page = open_page("/search/?image=1", viewport=PHONE)
    expect(page.locator(".hit").first).to_be_attached()
    page.locator("[data-region]").click()
    page.locator("#region img").evaluate("image => image.decode()")
    area = page.locator("#region [data-stage]").bounding_box()
    assert area
    page.mouse.move(area["x"] + 0.75 * area["width"], area["y"] + 0.75 * area["height"])
    page.mouse.down()
    page.mouse.move(area["x"] + 0.25 * area["width"], area["y"] + 0.25 * area["height"])
    page.mouse.up()
    expect(page.locator("#region input[name=left]")).to_have_value(re.compile(r"^2[45](\.\d)?$"))
    expect(page.locator("#region input[name=width]")).to_have_value(re.compile(r"^(49|50)(\.\d)?$"))
    expect(page.locator("html")).to_have_js_property("scrollWidth", PHONE["width"])
