"""The lab as staff use it: a measurement is started, done by a real worker, watched and read."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.axe import check
from tests.browser.waiting import fit

PHONE = {"width": 390, "height": 844}
MEASURE_MS = 1_800_000
OpenPage = Callable[..., Page]


def measure(page: Page, kind: str) -> None:
    """Start a small measurement and wait until the page shows what it found."""
    panel = page.locator(".lab-start")
    if panel.get_attribute("open") is None:
        panel.locator("summary").click()
    panel.get_by_role("radio", name=kind).check()
    panel.get_by_label("Queries at most").select_option("10")
    panel.get_by_role("button", name="Measure").click()
    expect(page.get_by_role("heading", name="Being measured")).to_be_visible()
    expect(page.get_by_role("heading", name="Being measured")).to_be_hidden(timeout=MEASURE_MS)
    expect(page.get_by_role("heading", name=f"{kind}, all images")).to_be_visible()


def test_a_measurement_is_started_watched_and_read(open_page: OpenPage, as_staff: Callable[[Page, str], None]) -> None:
    page = open_page("/lab/")
    as_staff(page, "/lab/")
    measure(page, "Edited copies")
    expect(page.get_by_role("heading", name="Precision over recall")).to_be_visible()
    heat = page.locator(".lab-heat").first
    expect(heat.get_by_role("row", name=re.compile("Flipped"))).to_be_visible()

    chart = page.locator("[data-chart]").first
    line = chart.locator("g[data-curve='methods-color']")
    expect(line).to_be_visible()
    chart.get_by_role("checkbox", name="Color", exact=True).uncheck()
    expect(line).to_be_hidden()
    chart.get_by_text("As a table").click()
    expect(chart.get_by_role("rowheader", name="Color", exact=True)).to_be_visible()

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for size in ({"width": 1300, "height": 900}, PHONE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            fit(page, size["width"])
            check(page)
