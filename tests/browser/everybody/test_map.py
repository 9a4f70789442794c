"""The map as people use it: move, zoom, draw around images, read the list instead."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import check
from tests.browser.waiting import fit, painted, soon

OpenPage = Callable[..., Page]
PHONE = {"width": 390, "height": 844}
SETTLED = """async () => {
    const canvas = document.getElementById("canvas");
    let shown = "";
    let since = performance.now();
    while (performance.now() - since < 150) {
        await new Promise((done) => requestAnimationFrame(done));
        if (shown !== (shown = canvas.toDataURL())) since = performance.now();
    }
    return shown;
}"""
DRAWN_MS = 1_800_000
"""The first drawing waits for the first generation, and for the workers of a busy machine."""


@pytest.fixture
def open_map(open_page: OpenPage) -> Callable[..., Page]:
    """Open the map; the page shows it by itself once it is drawn."""

    def open_it(**options: object) -> Page:
        page = open_page("/map/", **options)
        expect(page.locator("#map-count")).to_have_text("72 images", timeout=DRAWN_MS)
        expect(page.locator("#stage")).not_to_have_attribute("aria-busy", "true")
        return page

    return open_it


def test_points_that_come_before_the_stage_has_a_size_are_painted_later(open_map: Callable[..., Page]) -> None:
    page = open_map()
    name = "performance.getEntriesByType('resource').map(e => e.name).find(name => name.includes('js/map-painter'))"
    paint = """async (url) => {
        const { Painter } = await import(url);
        new Painter(document.createElement("canvas"), {}, { mat: "#ffffff" }, {}).paint({ points: null });
    }"""
    page.evaluate(paint, page.evaluate(name))  # an error would fail the test


def picture(page: Page) -> str:
    """Return what the canvas shows, once it has been the same for a while: thumbnails are asked for, and come, late."""
    shown: str = page.evaluate(SETTLED)
    return shown


def changed(page: Page, before: str) -> None:
    """Wait until the canvas shows something else."""
    soon(page, lambda: picture(page) != before)


def corners(page: Page) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of the stage on the page."""
    box = page.locator("#stage").bounding_box()
    assert box
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def draw_around_everything(page: Page) -> None:
    left, top, right, bottom = corners(page)
    page.mouse.move(left + 2, top + 2)
    page.mouse.down()
    for x, y in ((right - 2, top + 2), (right - 2, bottom - 2), (left + 2, bottom - 2)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def test_a_lasso_selects_what_it_surrounds(open_map: Callable[..., Page]) -> None:
    page = open_map()
    page.get_by_role("button", name="Draw around images to select them").click()
    page.keyboard.press("Escape")  # leaves the lasso again
    expect(page.locator("#lasso")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("l")
    draw_around_everything(page)
    expect(page.locator(".actions-count")).to_have_text("72 selected")
    expect(page.locator("#live")).to_have_text("72 images selected")
    expect(page.get_by_role("button", name="Compare")).to_be_hidden()
    soon(page, lambda: len(set(page.locator("#selected-ids").input_value().split(","))), 72)
    expect(page.locator(".map-tile")).to_have_count(48)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".map-tile")).to_have_count(72)
    page.locator(".map-tile").first.get_by_role("button").click()
    expect(page.locator(".actions-count")).to_have_text("71 selected")
    page.keyboard.press("Escape")
    expect(page.locator("#selected")).to_be_hidden()


def test_groups_are_shown_hidden_and_selected(open_map: Callable[..., Page]) -> None:
    page = open_map()
    expect(page.locator(".map-group")).to_have_count(12)
    whole = picture(page)
    page.get_by_label("coffee").uncheck()
    changed(page, whole)
    page.keyboard.press("v")
    expect(page.locator(".actions-count")).to_have_text("66 selected")
    page.get_by_role("button", name="Hide all").click()
    page.keyboard.press("v")
    expect(page.locator("#selected")).to_be_hidden()
    page.get_by_role("button", name="Select all of coffee").click()
    expect(page.locator(".actions-count")).to_have_text("6 selected")
    page.get_by_role("link", name="Open in the gallery").click()
    expect(page.locator(".tile")).to_have_count(6)
    expect(page.locator(".gallery-count")).to_have_text(re.compile("6 images"))


def test_two_are_compared(open_map: Callable[..., Page]) -> None:
    page = open_map()
    page.get_by_role("button", name="Select all of coffee").click()
    for number in (5, 4, 3, 2):
        page.locator(".map-tile").first.get_by_role("button").click()
        expect(page.locator(".actions-count")).to_have_text(f"{number} selected")
    shown = page.locator(".map-tile").evaluate_all("tiles => tiles.map((tile) => tile.dataset.image)")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url(f"**/compare/{shown[0]}/{shown[1]}/")


def test_wheel_drag_keys_and_buttons_move_the_map(open_map: Callable[..., Page]) -> None:
    page = open_map()
    left, top, right, bottom = corners(page)
    middle = (left + right) / 2, (top + bottom) / 2
    seen = [picture(page)]

    def moved() -> None:
        soon(page, lambda: picture(page) not in seen)
        seen.append(picture(page))

    page.mouse.move(*middle)
    page.mouse.wheel(0, -400)
    moved()
    page.mouse.down()
    page.mouse.move(middle[0] + 90, middle[1] + 30, steps=3)
    page.mouse.up()
    moved()
    page.locator("#stage").focus()
    for key in ("ArrowLeft", "+", "ArrowUp"):
        page.keyboard.press(key)
        moved()
    page.get_by_role("button", name="Zoom out").click()
    moved()
    page.get_by_role("button", name="Show the whole map").click()
    page.mouse.move(1, 1)
    soon(page, lambda: picture(page) == seen[0])
    page.get_by_role("button", name="Thumbnails").click()
    moved()


def test_keys_speak_of_the_image_nearest_to_the_middle(open_map: Callable[..., Page]) -> None:
    page = open_map()
    page.locator("#stage").focus()
    for _step in range(3):
        page.keyboard.press("+")
    expect(page.locator("#live")).to_contain_text("Nearest to the middle: ")
    expect(page.locator("#card")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".actions-count")).to_have_text("1 selected")
    name = page.locator(".map-card-name").inner_text()
    expect(page.locator(".map-tile-name")).to_have_text(name)
    page.get_by_role("button", name="Find similar").click()
    expect(page.get_by_role("heading", level=1)).to_be_attached()
    expect(page).to_have_url(re.compile(r"/search/\?image="))


def test_a_click_selects_and_the_pointer_shows_a_card(open_map: Callable[..., Page]) -> None:
    page = open_map()
    left, top, right, bottom = corners(page)
    stage = page.locator("#stage")
    places = [(x, y) for y in range(int(top) + 60, int(bottom), 40) for x in range(int(left) + 80, int(right), 40)]
    for x, y in places:
        page.mouse.move(x, y)
        painted(page)
        if "is-over" in (stage.get_attribute("class") or ""):
            break
    expect(page.locator("#card")).to_be_visible()
    page.mouse.down()
    page.mouse.up()
    expect(page.locator(".actions-count")).to_have_text("1 selected")
    expect(page.locator(".map-tile-name")).to_have_text(page.locator(".map-card-name").inner_text())


def test_an_image_leads_to_its_place(open_map: Callable[..., Page]) -> None:
    page = open_map()
    whole = picture(page)
    page.goto("/images/5/")
    page.get_by_role("link", name="On the map").click()
    expect(page.locator(".actions-count")).to_have_text("1 selected")
    expect(page.locator("#selected-ids")).to_have_value("5")
    changed(page, whole)


def test_two_fingers_zoom(open_map: Callable[..., Page]) -> None:
    page = open_map(viewport=PHONE, has_touch=True)
    whole = picture(page)
    left, top, right, bottom = corners(page)
    x, y = (left + right) / 2, (top + bottom) / 2
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, apart: float) -> None:
        points = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}] if apart else []
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 20)
    for apart in (30, 50, 80):
        touch("touchMove", apart)
    touch("touchEnd", 0)
    changed(page, whole)
    assert page.evaluate("visualViewport.scale") == 1


def test_the_layout_changes_in_place_and_stands_in_the_address(open_map: Callable[..., Page]) -> None:
    page = open_map()
    before = picture(page)
    page.get_by_role("button", name="Select all of coffee").click()
    page.get_by_label("Laid out by").select_option("pca")
    page.wait_for_url("**projection=pca*")
    changed(page, before)
    expect(page.locator(".actions-count")).to_have_text("6 selected")
    page.get_by_label("Alike by").select_option("texture")
    page.get_by_label("Color by").select_option("collection")
    expect(page.locator("#legend")).to_be_hidden()  # all are in one collection
    page.reload()
    expect(page.get_by_label("Alike by")).to_have_value("texture")
    expect(page.get_by_label("Laid out by")).to_have_value("pca")


def test_the_list_is_reached_without_scripts(open_map: Callable[..., Page], open_page: OpenPage) -> None:
    open_map()  # drawn
    page = open_page("/map/", java_script_enabled=False)
    page.get_by_role("link", name="See the same images as a list").click()
    expect(page.locator(".map-list li")).to_have_count(60)
    page.get_by_role("link", name="Walk on").click()
    expect(page.locator(".map-list li")).to_have_count(12)
    page.get_by_label("Collection").select_option(label="Sample gallery")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".map-list li")).to_have_count(60)
    expect(page).to_have_url(re.compile("collection="))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1300, 390])
def test_everybody_can_use_it(open_map: Callable[..., Page], theme: str, width: int) -> None:
    page = open_map(color_scheme=theme, viewport={"width": width, "height": 800})
    if width < 1000:
        page.locator("#legend summary").click()
    page.get_by_role("button", name="Select all of coffee").click()
    expect(page.locator(".map-tile")).to_have_count(6)
    page.evaluate("scrollTo(0, 0)")
    for path in ("", "/map/?view=list"):
        if path:
            page.goto(path)
        check(page)
        fit(page, width)
