"""Weights as staff see them: learned by a real worker, judged, used by searches, and taken back."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.axe import check
from tests.browser.waiting import fit

WIDE, PHONE = {"width": 1300, "height": 900}, {"width": 390, "height": 844}
LEARN_MS = 1_800_000
OpenPage = Callable[..., Page]


def sliders(page: Page) -> dict[str, float]:
    """Return the weights that the search page shows."""
    ranges = page.locator(".slider input[type=range]").all()
    return {str(each.get_attribute("name")): float(each.input_value()) for each in ranges}


def test_weights_are_learned_used_and_taken_back(open_page: OpenPage, as_staff: Callable[[Page, str], None]) -> None:
    page = open_page("/")
    as_staff(page, "/lab/weights/")
    expect(page.get_by_text("The weights that the methods come with")).to_be_visible()
    page.get_by_role("checkbox", name="Edited copies").check()
    page.get_by_role("button", name="Learn weights").click()
    expect(page.get_by_role("heading", name="Being learned")).to_be_visible()
    expect(page.get_by_role("heading", name="Being learned")).to_be_hidden(timeout=LEARN_MS)
    expect(page.get_by_role("heading", name="Learned weights no. 1")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Learned weights", exact=True)).to_be_visible()

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for size in (PHONE, WIDE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            fit(page, size["width"])
            check(page)

    page.goto("/search/?image=1")
    own = sliders(page)
    page.goto("/lab/weights/")
    use = page.get_by_role("button", name="Use these weights")
    if not use.count():  # the samples are few: the weights that methods come with may be as good as any
        expect(page.get_by_text("there is nothing to decide")).to_be_visible()
        return
    use.click()
    expect(page.get_by_role("heading", name="Decided so far")).to_be_visible()
    page.goto("/search/?image=1")
    assert sliders(page) != own
    expect(page.get_by_role("button", name="General")).to_have_attribute("aria-pressed", "true")
    page.goto("/lab/weights/")
    with page.expect_navigation():
        page.get_by_role("button", name="Go back to the methods' own weights").click()
    page.goto("/search/?image=1")
    assert sliders(page) == own
