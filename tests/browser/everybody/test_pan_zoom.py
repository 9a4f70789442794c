"""Where things stand while a page is zoomed and moved: the module that the image, map, pair and reading pages share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.waiting import painted, soon

OpenPage = Callable[..., Page]
Run = Callable[..., Any]
PHONE = {"width": 390, "height": 844}
MODULE = "performance.getEntriesByType('resource').map(e => e.name).find(name => name.includes('js/pan-zoom'))"
VIEW = """async ([url, steps]) => {
    const { Viewport } = await import(url);
    const view = Viewport.of(200, 100, { margin: 10, enlarged: 480, limits: (fit) => [fit, 8], fills: true });
    view.resize(220, 220);
    for (const [name, ...given] of steps) view[name](...given);
    return [view.scale, view.x, view.y, view.isFit];
}"""
MAP = """async ([url, steps]) => {
    const { Viewport } = await import(url);
    const bounds = { left: -1, top: -1, right: 1, bottom: 1 };
    const view = new Viewport({ bounds, margin: 50, limits: (fit) => [fit / 2, fit * 400] });
    view.resize(300, 500);
    for (const [name, ...given] of steps) view[name](...given);
    return [view.scale, view.x, view.y, view.isFit];
}"""
PLACE = """() => {
    const matrix = new DOMMatrix(getComputedStyle(document.querySelector(".stage-picture img")).transform);
    return [matrix.a, matrix.e, matrix.f];
}"""


@pytest.fixture
def run(open_page: OpenPage) -> Run:
    """Return what runs steps of a viewport in the browser and tells where it stands then."""
    page = open_page("/images/1/")
    url = page.evaluate(MODULE)

    def run_steps(script: str, *steps: list[Any]) -> Any:
        return page.evaluate(script, [url, steps])

    return run_steps


@pytest.mark.parametrize(
    ("steps", "stands"),
    [
        ([], [1, 100, 50, True]),  # 220 wide less two margins of 10
        ([["zoomBy", 2]], [2, 100, 50, False]),
        ([["zoomBy", 4, 0, 110]], [4, 27.5, 50, False]),  # the middle of the left edge stays at that edge, no gap
        ([["zoomBy", 100]], [8, 100, 50, False]),
        ([["zoomBy", 0.1]], [1, 100, 50, True]),
        ([["zoomBy", 4], ["panBy", 100, 0]], [4, 75, 50, False]),
        ([["zoomBy", 4], ["panBy", 9999, 9999]], [4, 27.5, 27.5, False]),
        ([["panBy", 50, 50]], [1, 100, 50, True]),
        ([["zoomBy", 4], ["panBy", 100, 40], ["fit"]], [1, 100, 50, True]),
        ([["toggle"]], [2, 100, 50, False]),
        ([["toggle"], ["toggle"]], [1, 100, 50, True]),
        ([["resize", 420, 220]], [2, 100, 50, True]),
        ([["zoomBy", 4], ["resize", 420, 220]], [4, 100, 50, False]),
        ([["zoomBy", 2], ["resize", 420, 220, {"keepsZoom": True}]], [4, 100, 50, False]),
    ],
)
def test_an_image_fills_its_stage(run: Run, steps: list[list[Any]], stands: list[float]) -> None:
    assert run(VIEW, *steps) == pytest.approx(stands)


@pytest.mark.parametrize(
    ("steps", "stands"),
    [
        ([], [100, 0, 0, True]),  # 300 wide less two margins of 50, two units
        ([["zoomBy", 2, 250, 250]], [200, 0.5, 0, False]),  # the right edge of the content stays at x = 250
        ([["zoomBy", 0.1]], [50, 0, 0, False]),
        ([["zoomBy", 9999]], [40_000, 0, 0, False]),
        ([["panBy", -50, 25]], [100, 0.5, -0.25, False]),
        ([["panBy", 900, 0]], [100, -1, 0, False]),  # the middle stays over the content
        ([["lookAt", 0.5, -0.5]], [500, 0.5, -0.5, False]),
    ],
)
def test_a_map_may_leave_gaps(run: Run, steps: list[list[Any]], stands: list[float]) -> None:
    assert run(MAP, *steps) == pytest.approx(stands)


@pytest.fixture
def fingers(open_page: OpenPage) -> tuple[Page, Callable[..., None]]:
    page = open_page("/images/1/", viewport=PHONE, has_touch=True)
    painted(page)
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    return page, touch


def test_one_finger_moves_an_enlarged_image(fingers: tuple[Page, Callable[..., None]]) -> None:
    page, touch = fingers
    for _press in range(4):
        page.keyboard.press("+")
    scale, left, top = page.evaluate(PLACE)
    touch("touchStart", (200, 200))
    for step in (10, 20, 30, 40):
        touch("touchMove", (200 - step, 200))
    touch("touchEnd")
    soon(page, lambda: page.evaluate(PLACE), pytest.approx([scale, left - 40, top], abs=1))


def test_two_fingers_enlarge_and_move_an_image(fingers: tuple[Page, Callable[..., None]]) -> None:
    page, touch = fingers
    before = page.evaluate(PLACE)
    touch("touchStart", (150, 200), (250, 200))
    for step in (25, 50):
        touch("touchMove", (150 - step, 200), (250 + step, 200))
    touch("touchEnd")
    soon(page, lambda: page.evaluate(PLACE)[0] / before[0], pytest.approx(2, rel=0.05))
    assert page.url.endswith("/images/1/")


def test_a_wheel_turned_outwards_scrolls_past_an_image_that_is_shown_whole(open_page: OpenPage) -> None:
    page = open_page("/images/1/", viewport=PHONE)
    painted(page)
    before = page.evaluate(PLACE)
    page.mouse.move(200, 200)
    page.mouse.wheel(0, 300)
    soon(page, lambda: page.evaluate("scrollY > 0"))
    assert page.evaluate(PLACE) == before
    page.evaluate("scrollTo(0, 0)")
    page.mouse.wheel(0, -100)
    expect(page.locator(".stage")).to_have_class(re.compile("is-zoomed"))
    soon(page, lambda: page.evaluate(PLACE)[0] / before[0], pytest.approx(1.284, rel=0.01))  # exp(100 / 400)
