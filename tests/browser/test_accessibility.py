"""axe on every page of search and status, in both themes, on a wide and on a narrow window."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WIDTHS = {"wide": 1300, "phone": 390}
OpenPage = Callable[..., Page]


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest) -> int:
    return WIDTHS[request.param]


def check(page: Page) -> None:
    """Fail with what axe finds."""
    violations = Axe().run(page, options=RULES).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []


@pytest.mark.parametrize("path", ["/search/", "/status/", "/search/?image=1&w_color=9", "/", "/lab/"])
def test_pages(open_page: OpenPage, path: str, theme: str, width: int) -> None:
    page = open_page(path, color_scheme=theme, viewport={"width": width, "height": 800})
    page.wait_for_load_state("load")
    check(page)


@pytest.mark.parametrize("view", ["grid", "list"])
def test_results(open_page: OpenPage, view: str, theme: str, width: int) -> None:
    page = open_page(f"/search/?image=1&k=12&view={view}", color_scheme=theme, viewport={"width": width, "height": 800})
    if view == "grid":
        page.locator(".hit summary").first.click()
    if width < 900:
        page.locator("#sheet").click()
        expect(page.locator("#min")).to_be_visible()
    check(page)
