"""Searching as people do it: upload, move a slider, see the order change."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from PIL import Image as Picture
from PIL import ImageFilter
from playwright.sync_api import Page, Route, expect

from gallery.intake.samples import photographs_folder
from search.methods import METHODS
from tests.browser.waiting import fit, painted, soon

PHONE = {"width": 390, "height": 844}
OpenPage = Callable[..., Page]


def order(page: Page) -> list[str]:
    """Return the names of the hits in their order on the page."""
    names: list[str] = page.locator(".hit:not([hidden])").evaluate_all("hits => hits.map(hit => hit.dataset.image)")
    return names


def first_image(page: Page) -> str:
    """Go to the gallery and return the search address of its newest image."""
    page.goto("/")
    address = page.locator('a[href^="/search/?image="]').first.get_attribute("href")
    assert address
    return address


def set_weight(page: Page, method: str, weight: float) -> None:
    """Move a slider as a hand does: a step, and release."""
    page.locator(f"#w_{method}").evaluate(
        """(slider, weight) => {
            slider.value = weight;
            slider.dispatchEvent(new Event("input", {bubbles: true}));
            slider.dispatchEvent(new Event("change", {bubbles: true}));
        }""",
        weight,
    )


@pytest.fixture
def results(open_page: OpenPage) -> Page:
    """The answer to a search by a gallery image."""
    page = open_page("/search/?image=1")
    expect(page.locator(".hit").nth(20)).to_be_attached()
    return page


def sliders(page: Page) -> list[str]:
    """The methods that can be weighed: those that this answer has nothing of have no slider."""
    return [method for method in METHODS if page.locator(f"#w_{method}").count()]


def test_a_moved_slider_changes_the_order_at_once_and_the_server_confirms_it(open_page: OpenPage) -> None:
    results = open_page("/search/?image=1&order=score")  # proven hits would stay first whatever the weights
    expect(results.locator(".hit").nth(20)).to_be_attached()
    before = order(results)
    held: list[Route] = []
    results.route("**/search/?*", lambda route: held.append(route))  # the server is slow: what moves, moves by itself
    set_weight(results, "color", 0)
    set_weight(results, "ssim", 1)
    painted(results)  # both steps are
    at_once = order(results)
    assert at_once != before
    assert sorted(at_once) == sorted(before)
    expect(results).to_have_url(re.compile("w_ssim=1"))
    assert results.evaluate("performance.getEntriesByName('rerank').length") > 0
    soon(results, lambda: bool(held) and "w_ssim=1" in held[-1].request.url)
    held[-1].continue_()
    expect(results.locator("#answer")).not_to_have_attribute("aria-busy", "true")
    # The server may bring in images that the page did not hold; those that it did keep their order.
    assert [image for image in order(results) if image in before][:10] == at_once[:10]


def test_the_change_is_announced(results: Page) -> None:
    set_weight(results, "color", 1)
    expect(results.locator("#live")).to_contain_text(re.compile(r"comes first with score \d+"))


def test_the_numbers_of_a_hit_follow_the_weights(results: Page) -> None:
    for method in set(sliders(results)) - {"color"}:
        set_weight(results, method, 0)
    results.locator(".hit summary").first.click()
    reason = results.locator('.hit .reason[data-method="ssim"]').first
    expect(reason.locator("[data-share]")).to_have_text("0")
    expect(reason.locator("[data-weight]")).to_have_text("0.00")
    expect(results.locator('.slider[data-method="color"] [data-percent]')).to_have_text("100 %")


def test_back_undoes_a_gesture(results: Page) -> None:
    address, before = results.url, order(results)
    set_weight(results, "ssim", 1)
    expect(results.locator("#w_ssim")).to_have_value("1")
    results.wait_for_url("**w_ssim=1&**")
    results.go_back()
    expect(results.locator("#w_ssim")).to_have_value(str(METHODS["ssim"].default_weight))
    expect(results).to_have_url(address)
    expect(results.locator(".hit").first).to_have_attribute("data-image", before[0])
    expect(results.locator("#answer")).not_to_have_attribute("aria-busy", "true")
    soon(results, lambda: order(results), before)


def test_an_address_reproduces_a_search(results: Page, open_page: OpenPage) -> None:
    set_weight(results, "color", 0.05)
    results.locator("#min").evaluate("(slider) => { slider.value = 5; slider.form.requestSubmit(); }")
    results.wait_for_url(lambda address: "min=5" in address and "w_color=0.05" in address)
    other = open_page(results.url.replace(results.url.split("/search/")[0], ""))
    expect(other.locator("#w_color")).to_have_value("0.05")
    expect(other.locator("#min")).to_have_value("5")
    soon(results, lambda: order(results), order(other))


def test_a_preset_moves_the_sliders(results: Page) -> None:
    results.get_by_role("button", name="Copyright").click()
    expect(results.locator("#w_local")).to_have_value("0.4")
    expect(results.get_by_role("button", name="Copyright")).to_have_attribute("aria-pressed", "true")
    results.get_by_role("link", name="Reset").click()
    expect(results.get_by_role("button", name="General")).to_have_attribute("aria-pressed", "true")


def test_no_weight_at_all_is_said_and_changes_nothing(results: Page) -> None:
    before = order(results)
    for method in sliders(results):
        set_weight(results, method, 0)
    expect(results.locator("#no-weight")).to_have_text("Give at least one method a weight above 0.")
    set_weight(results, "color", 0.3)
    expect(results.locator("#no-weight")).to_be_hidden()
    soon(results, lambda: len(order(results)), len(before))


def test_a_hit_says_why(results: Page) -> None:
    results.locator(".hit summary").first.click()
    why = results.locator(".hit .why").first
    expect(why).to_contain_text("is this alike in color")
    expect(why).to_contain_text("is this alike in content")  # by the built-in encoder
    results.keyboard.press("Escape")
    expect(why).to_be_hidden()


def test_keys_walk_from_hit_to_hit(results: Page) -> None:
    results.locator("#answer").focus()
    results.keyboard.press("ArrowRight")
    results.keyboard.press("ArrowRight")
    expect(results.locator(".hit").nth(1).locator(".hit-name")).to_be_focused()
    results.keyboard.press("w")
    expect(results.locator(".hit").nth(1).locator(".why")).to_be_visible()


def test_an_edited_copy_from_outside_finds_its_original_first(open_page: OpenPage) -> None:
    page = open_page("/search/")
    file = io.BytesIO()
    with Picture.open(photographs_folder() / "coffee.png") as photograph:
        small = photograph.convert("RGB").resize((300, 200)).filter(ImageFilter.GaussianBlur(1))
        small.save(file, "JPEG", quality=40)
    page.locator("input[type=file]").set_input_files(
        {"name": "found on the web.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}
    )
    page.wait_for_url("**/search/?query=*")
    expect(page.locator(".hit").first).to_have_attribute("data-name", re.compile("coffee"), timeout=300_000)
    expect(page.get_by_role("heading", level=1)).to_contain_text("found on the web.jpg")


def test_a_pasted_image_starts_a_search(open_page: OpenPage) -> None:
    page = open_page("/search/")
    page.evaluate(
        """async () => {
            const canvas = new OffscreenCanvas(80, 60);
            const pen = canvas.getContext("2d");
            pen.fillStyle = "teal";
            pen.fillRect(0, 0, 40, 60);
            const blob = await canvas.convertToBlob();
            const data = new DataTransfer();
            data.items.add(new File([blob], "image.png", {type: "image/png"}));
            dispatchEvent(new ClipboardEvent("paste", {clipboardData: data}));
        }"""
    )
    expect(page.locator(".hit").first).to_be_visible(timeout=30_000)


def test_a_file_that_is_no_image_is_refused_in_words(open_page: OpenPage) -> None:
    page = open_page("/search/")
    page.locator("input[type=file]").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"nothing"})
    expect(page.get_by_role("alert")).to_contain_text("not an image type")


def test_without_scripts_the_form_still_searches(open_page: OpenPage) -> None:
    page = open_page("/", java_script_enabled=False)
    page.goto(first_image(page))
    assert page.locator(".hit [data-bar] rect").count() > 20
    page.locator("#w_color").fill("1")
    page.locator("#w_ssim").fill("0")
    page.get_by_role("button", name="Search again").click()
    expect(page).to_have_url(re.compile("w_color=1"))
    page.locator(".hit summary").first.click()
    expect(page.locator(".hit .why").first).to_be_visible()


def test_on_a_phone_the_panel_is_a_sheet(open_page: OpenPage) -> None:
    page = open_page("/", viewport=PHONE)
    page.goto(first_image(page))
    expect(page.locator("#w_color")).to_be_hidden()
    page.get_by_role("button", name="Weights and filters").click()
    expect(page.locator("#w_color")).to_be_visible()
    fit(page, PHONE["width"])
    page.locator("#w_color").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#w_color")).to_be_hidden()
