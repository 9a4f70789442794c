"""The compare page: two images in step, laid over each other, with what the worker found."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.waiting import fit, painted, soon

OpenPage = Callable[..., Page]
PHONE = {"width": 390, "height": 844}
TRANSFORMS = """() => [...document.querySelectorAll(".pane img")].map(
    (image) => new DOMMatrix(getComputedStyle(image).transform)
).map((matrix) => [matrix.a, matrix.e, matrix.f])"""
FLIPPED = "document.querySelector('.pair-stage').hasAttribute('data-flipped')"
MIDDLES = """() => [...document.querySelectorAll(".pane")].map((pane) => {
    const image = pane.querySelector("img");
    const matrix = new DOMMatrix(getComputedStyle(image).transform);
    const box = pane.getBoundingClientRect();
    return [
        (box.width / 2 - matrix.e) / matrix.a / image.width,
        (box.height / 2 - matrix.f) / matrix.a / image.height,
    ];
})"""


def address_of_copies(page: Page) -> str:
    """Return the address of a comparison of two images that show the same."""
    page.goto("/search/?image=1&preset=copyright")
    address = page.locator(".hit:has(.hit-motion) .hit-compare").first.get_attribute("href")
    assert address
    return address


def growth(page: Page, before: list[list[float]]) -> list[float]:
    """Return how many times larger than before each image is."""
    return [now[0] / then[0] for now, then in zip(page.evaluate(TRANSFORMS), before, strict=True)]


@pytest.fixture
def pair(open_page: OpenPage) -> Page:
    """The comparison of two copies, all of it computed."""
    page = open_page("/")
    page.goto(address_of_copies(page))
    expect(page.locator("[data-mode-button=map]")).to_be_visible(timeout=300_000)
    painted(page)
    return page


def test_both_images_zoom_in_step(pair: Page) -> None:
    before = pair.evaluate(TRANSFORMS)
    pair.keyboard.press("+")
    soon(pair, lambda: growth(pair, before), pytest.approx([1.5, 1.5]))
    pair.keyboard.press("0")
    soon(pair, lambda: pair.evaluate(TRANSFORMS), before)


def test_the_wheel_zooms_at_the_pointer_and_a_drag_moves_both(pair: Page) -> None:
    box = pair.locator(".pane-second").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    pair.mouse.move(x, y)
    pair.mouse.wheel(0, -600)
    expect(pair.locator(".pair-stage")).to_have_class(re.compile("is-zoomed"))
    soon(pair, lambda: pair.evaluate(MIDDLES)[1], pytest.approx([0.5, 0.5], abs=0.02))
    pair.mouse.down()
    pair.mouse.move(x - 60, y - 30, steps=4)
    pair.mouse.up()
    soon(pair, lambda: pair.evaluate(MIDDLES)[1][0] > 0.51)
    painted(pair)
    first, second = pair.evaluate(MIDDLES)
    assert first == pytest.approx(second, abs=0.02)


def test_a_double_click_enlarges_and_shows_all_again(pair: Page) -> None:
    before = pair.evaluate(TRANSFORMS)
    pair.locator(".pane-first").dblclick(position={"x": 60, "y": 150})
    soon(pair, lambda: growth(pair, before)[0] >= 1.9)
    pair.locator(".pane-first").dblclick(position={"x": 60, "y": 150})
    soon(pair, lambda: pair.evaluate(TRANSFORMS), before)


def test_two_fingers_zoom(pair: Page) -> None:
    before = pair.evaluate(TRANSFORMS)
    pair.evaluate(
        """() => {
            const view = document.querySelector("[data-view]");
            const box = view.getBoundingClientRect();
            const touch = (name, id, x) => view.dispatchEvent(new PointerEvent(name, {
                pointerId: id, pointerType: "touch", button: name === "pointermove" ? -1 : 0, bubbles: true,
                clientX: box.left + x, clientY: box.top + 200,
            }));
            touch("pointerdown", 1, 100);
            touch("pointerdown", 2, 160);
            touch("pointermove", 2, 280);
            touch("pointerup", 1, 100);
            touch("pointerup", 2, 280);
        }"""
    )
    soon(pair, lambda: growth(pair, before), pytest.approx([3, 3]))


def test_keys_lay_the_images_over_each_other(pair: Page) -> None:
    stage = pair.locator(".pair-stage")
    for key, mode in (("w", "swipe"), ("o", "overlay"), ("f", "flicker"), ("d", "map"), ("b", "side")):
        pair.keyboard.press(key)
        expect(stage).to_have_attribute("data-mode", mode)
        expect(pair.locator(f"[data-mode-button={mode}]")).to_have_attribute("aria-pressed", "true")
    pair.keyboard.press("w")
    pair.keyboard.press("]")
    expect(pair.locator("[data-swipe]")).to_have_value("55")
    expect(pair.locator(".pane-second")).to_have_css("clip-path", re.compile("55%"))
    expect(pair.locator("#live")).to_have_text("View: Swipe")


def test_the_map_lies_on_the_first_image(pair: Page) -> None:
    pair.keyboard.press("d")
    drawn = pair.locator("[data-map]")
    expect(drawn).to_be_visible()
    expect(drawn).to_have_js_property("complete", True)
    soon(pair, lambda: drawn.evaluate("(image) => image.naturalWidth") > 0)
    first = pair.locator(".pane-first img")
    soon(pair, lambda: drawn.bounding_box() == pytest.approx(first.bounding_box(), abs=1.5))
    pair.keyboard.press("a")
    expect(drawn).to_have_attribute("src", re.compile("aligned"))


def test_aligned_keypoints_lie_on_each_other(pair: Page) -> None:
    for key in "oam":
        pair.keyboard.press(key)
    dots = pair.locator(".pair-stage-marks .keypoint-dots")
    expect(dots).to_have_attribute("d", re.compile("M"))
    painted(pair)
    path = dots.get_attribute("d") or ""
    places = [[float(number) for number in each] for each in re.findall(r"M([-\d.]+) ([-\d.]+)h0", path)]
    gaps = [
        abs(one[0] - other[0]) + abs(one[1] - other[1]) for one, other in zip(places[::2], places[1::2], strict=True)
    ]
    assert len(gaps) > 5
    assert sorted(gaps)[len(gaps) // 2] < 6


def test_flicker_stands_still_where_less_motion_is_asked_for(pair: Page) -> None:
    stage = pair.locator(".pair-stage")
    pair.keyboard.press("f")
    expect(pair.locator("[data-play]")).to_be_disabled()
    expect(stage).not_to_have_attribute("data-flipped", "")
    pair.keyboard.press("f")
    expect(stage).to_have_attribute("data-flipped", "")
    expect(pair.locator(".pane-first")).to_be_hidden()


def test_flicker_plays_when_told_to(open_page: OpenPage) -> None:
    page = open_page("/", reduced_motion="no-preference")
    page.goto(address_of_copies(page))
    page.keyboard.press("f")
    play, stage = page.locator("[data-play]"), page.locator(".pair-stage")
    page.wait_for_timeout(500)
    expect(stage).not_to_have_attribute("data-flipped", "")
    play.click()
    expect(play).to_have_text("Pause")
    for flipped in (True, False):  # `expect` looks once a second, and may miss each flip
        soon(page, lambda flipped=flipped: page.evaluate(FLIPPED), flipped)
    play.click()
    expect(play).to_have_attribute("aria-pressed", "false")


def test_swapped_images_change_places(pair: Page) -> None:
    def left(name: str) -> float:
        box = pair.locator(f".pane-{name}").bounding_box()
        assert box
        return box["x"]

    soon(pair, lambda: left("first") < left("second"))
    pair.keyboard.press("x")
    soon(pair, lambda: left("first") > left("second"))
    expect(pair.locator("#live")).to_have_text("The images have changed places.")


def test_evidence_stands_in_tabs(pair: Page) -> None:
    pair.get_by_role("tab", name="Scores").focus()
    pair.keyboard.press("ArrowRight")
    expect(pair.get_by_role("tab", name="Differences")).to_be_focused()
    expect(pair.get_by_role("tabpanel")).to_have_count(1)
    expect(pair.get_by_role("tabpanel")).to_contain_text("As they stand")
    pair.get_by_role("tab", name="Keypoints").click()
    expect(pair.locator("#keypoints")).to_contain_text(re.compile(r"\d+ of \d+ pairs of keypoints fit one motion"))
    expect(pair).to_have_url(re.compile("#keypoints$"))
    pair.get_by_role("tab", name="In a search").click()
    expect(pair.locator("#places")).to_contain_text(re.compile("Found: number"))
    pair.reload()
    expect(pair.get_by_role("tab", name="Keypoints")).to_have_attribute("aria-selected", "false")
    expect(pair.get_by_role("tab", name="In a search")).to_have_attribute("aria-selected", "true")


def test_without_scripts_everything_is_on_the_page(pair: Page, open_page: OpenPage) -> None:
    address = pair.url.partition("/compare/")[2]
    page = open_page(f"/compare/{address}", java_script_enabled=False)
    for number in (0, 1):
        expect(page.locator(".pane img").nth(number)).to_be_visible()
    for name in ("scores", "differences", "keypoints", "colors", "facts", "places"):
        expect(page.locator(f"#{name}")).to_be_visible()
    expect(page.locator(".compare-maps img")).to_have_count(2)
    page.get_by_role("link", name="Search both ways").click()
    expect(page.locator("#places")).to_contain_text("Found: number")


def test_on_a_phone_the_images_stand_one_below_the_other(open_page: OpenPage) -> None:
    page = open_page("/", viewport=PHONE)
    page.goto(address_of_copies(page))
    expect(page.locator("[data-mode-button=map]")).to_be_visible(timeout=300_000)
    first, second = (page.locator(f".pane-{name}").bounding_box() for name in ("first", "second"))
    assert first
    assert second
    assert second["y"] >= first["y"] + first["height"] - 1
    fit(page, PHONE["width"])
    page.get_by_role("button", name="Difference").click()
    expect(page.locator("[data-map]")).to_be_visible()


def test_a_key_on_a_hit_compares_it(open_page: OpenPage) -> None:
    page = open_page("/search/?image=1")
    page.locator(".hit-name").nth(1).focus()
    page.keyboard.press("c")
    page.wait_for_url("**/compare/1/*/")
    page.keyboard.press("Escape")
    page.wait_for_url("**/search/?image=1")


def test_two_selected_images_are_compared(open_page: OpenPage) -> None:
    page = open_page("/")
    boxes = page.locator(".tile-check input")
    for number in (0, 2):
        boxes.nth(number).check(force=True)
    wanted = [boxes.nth(number).get_attribute("value") for number in (0, 2)]
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url(f"**/compare/{wanted[0]}/{wanted[1]}/")
