"""What the gallery's modules do, in a real browser against the real views."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from numpy.typing import NDArray
from PIL import Image as PillowImage
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from gallery.intake.store import store_image
from gallery.models import Image
from tests.browser.chromium import CHROMIUM
from tests.browser.waiting import painted

NUM_IMAGES = 7

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found on the PATH"),
]


@pytest.fixture
def files(tmp_path: Path, picture: NDArray[np.uint8]) -> list[Path]:
    """Pictures of several shapes."""
    paths = [tmp_path / f"picture-{number}.png" for number in range(NUM_IMAGES)]
    for number, path in enumerate(paths):
        PillowImage.fromarray(picture[: 120 - 10 * number]).save(path)
    return paths


@pytest.fixture
def page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page whose every error of a script or of the security policy fails the test."""
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Security Policy" in message.text else None)
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def images(files: list[Path], live_server: LiveServer) -> list[Image]:
    """Stored images, newest first, as the grid shows them."""
    for path in files:
        store_image(path, name=path.name, label=f"label {path.stem[-1]}")
    return list(Image.objects.order_by("-pk"))


def _log_in(page: Page, client: Client, live_server: LiveServer) -> None:
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )


def test_keys_move_select_and_open(page: Page, images: list[Image]) -> None:
    page.goto("/")
    for key in ("ArrowRight", "ArrowRight", "x"):
        page.keyboard.press(key)
    expect(page.locator(".actions-count")).to_have_text("1 selected")
    expect(page.locator("#grid :checked")).to_have_value(str(images[1].pk))
    page.keyboard.press("Escape")
    expect(page.locator(".actions")).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/images/{images[1].pk}/")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**/images/{images[2].pk}/")


def test_shift_selects_a_range(page: Page, images: list[Image]) -> None:
    page.goto("/")
    boxes = page.locator(".tile-check input")
    boxes.nth(1).check()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(page.locator(".actions-count")).to_have_text("4 selected")


def test_help_lists_the_keys_and_switches_them_off(page: Page, images: list[Image]) -> None:
    page.goto("/")
    page.keyboard.press("?")
    expect(page.locator("#keys tr:visible")).to_have_count(8)
    page.get_by_label("Use single-letter keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#filter-q")).not_to_be_focused()


def test_filters_change_the_grid_and_the_address(page: Page, images: list[Image]) -> None:
    page.goto("/")
    page.locator("#filter-label").select_option("label 3")
    expect(page.locator(".tile")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/\?label=label(\+|%20)3$"))
    page.go_back()
    expect(page.locator(".tile")).to_have_count(NUM_IMAGES)


def test_rows_are_level_and_images_keep_their_shape(page: Page, images: list[Image]) -> None:
    page.goto("/")
    painted(page)
    tiles = page.locator(".tile").evaluate_all(
        """tiles => tiles.map((tile) => {
          const box = tile.getBoundingClientRect();
          const [width, height] = ["width", "height"].map((name) => tile.querySelector("img").getAttribute(name));
          return [box.top, box.height, (box.width / box.height) / (width / height)];
        })"""
    )
    heights: dict[float, set[float]] = {}
    for top, height, distortion in tiles:
        heights.setdefault(top, set()).add(round(height, 1))
        assert distortion == pytest.approx(1, abs=0.011)
    assert all(len(row) == 1 for row in heights.values())


def test_uploads_end_each_with_its_outcome(page: Page, files: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "notes.png"
    bad.write_text("no image")
    page.goto("/upload/")
    page.locator("#collection").fill("Pond")
    page.locator("#files").set_input_files([*files, bad])
    expect(page.locator("[data-total-text]")).to_have_text(f"Finished: {NUM_IMAGES + 1} of {NUM_IMAGES + 1} files")
    expect(page.locator("[data-count=stored]")).to_have_text(f"Stored: {NUM_IMAGES}")
    expect(page.locator("[data-count=refused]")).to_have_text("Refused: 1")
    page.locator("#files").set_input_files(files[0])
    expect(page.locator("[data-count=duplicate]")).to_have_text("Already here: 1")
    assert Image.objects.shown().filter(collections__name="Pond").count() == NUM_IMAGES


def test_what_was_not_sent_can_be_sent_again(page: Page, files: list[Path]) -> None:
    page.goto("/upload/")
    page.context.set_offline(True)
    page.locator("#files").set_input_files(files[:2])
    expect(page.locator("[data-count=failed]")).to_have_text("Not sent: 2")
    page.context.set_offline(False)
    page.get_by_role("button", name="Retry failed").click()
    expect(page.locator("[data-count=stored]")).to_have_text("Stored: 2")
    expect(page.locator("[data-count=failed]")).to_be_hidden()


def test_files_dropped_on_the_gallery_are_uploaded(page: Page, images: list[Image]) -> None:
    page.goto("/")
    dropped = page.evaluate_handle(
        """() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File(["no image"], "notes.png", { type: "image/png" }));
          return transfer;
        }"""
    )
    page.dispatch_event("body", "dragenter", {"dataTransfer": dropped})
    expect(page.locator("#drop-veil")).to_be_visible()
    page.dispatch_event("body", "drop", {"dataTransfer": dropped})
    expect(page.locator("#drop-veil")).to_be_hidden()
    expect(page.locator("#tray [data-count=refused]")).to_have_text("Refused: 1")


def test_the_image_zooms_and_fits_again(page: Page, images: list[Image]) -> None:
    page.goto(f"/images/{images[0].pk}/")
    painted(page)
    fitting = page.locator("#scale").inner_text()
    page.keyboard.press("+")
    expect(page.locator("#scale")).not_to_have_text(fitting)
    page.keyboard.press("0")
    expect(page.locator("#scale")).to_have_text(fitting)


def test_the_trash_takes_and_gives_back(
    page: Page, images: list[Image], admin_client: Client, live_server: LiveServer
) -> None:
    _log_in(page, admin_client, live_server)
    page.goto("/")
    for position in (0, 2):
        page.locator(".tile-check input").nth(position).check()
    page.locator(".actions").get_by_role("button", name="Trash").click()
    expect(page.locator(".message")).to_contain_text("2 images are in the trash now.")
    expect(page.locator(".tile")).to_have_count(NUM_IMAGES - 2)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".tile")).to_have_count(NUM_IMAGES)
    page.locator(".tile-check input").nth(0).check()
    page.locator(".actions").get_by_role("button", name="Trash").click()
    expect(page.locator(".tile")).to_have_count(NUM_IMAGES - 1)
    page.goto("/trash/")
    page.get_by_label("All on this page").check()
    expect(page.locator("input[name=image]")).to_be_checked()
    page.get_by_role("button", name="Restore").click()
    expect(page.locator(".message")).to_contain_text("1 image is back.")
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()


def test_a_selection_is_edited_by_way_of_a_preview(
    page: Page, images: list[Image], admin_client: Client, live_server: LiveServer
) -> None:
    _log_in(page, admin_client, live_server)
    page.goto("/")
    for position in range(3):
        page.locator(".tile-check input").nth(position).check()
    page.locator(".actions").get_by_role("button", name="Edit").click()
    page.get_by_label("Add tags").fill("bird")
    page.get_by_label("Name of an attribute").last.fill("camera")
    page.get_by_label("Value of the attribute").nth(1).fill("Leica")
    expect(page.get_by_label("Name of an attribute")).to_have_count(3)
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("3 images would change")
    page.get_by_role("button", name="Change 3 images").click()
    expect(page.locator(".message")).to_contain_text("3 images are changed.")
    assert Image.objects.filter(tags__name="bird", attributes__value="Leica").count() == 3
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".message")).to_contain_text("Undone: 3 images are as they were.")
    assert not Image.objects.filter(tags__name="bird").exists()


def test_an_image_is_edited_where_it_is_shown(
    page: Page, images: list[Image], admin_client: Client, live_server: LiveServer
) -> None:
    _log_in(page, admin_client, live_server)
    page.goto(f"/images/{images[0].pk}/")
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Title")).to_be_focused()
    page.get_by_label("Title").fill("Grey heron")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Grey heron")
    expect(page.locator(".message")).to_contain_text("The changes are saved.")


def test_a_merge_shows_what_the_one_that_stays_gets(
    page: Page, images: list[Image], admin_client: Client, live_server: LiveServer
) -> None:
    Image.objects.filter(pk=images[0].pk).update(title="Grey heron")
    _log_in(page, admin_client, live_server)
    page.goto("/")
    for position in range(2):
        page.locator(".tile-check input").nth(position).check()
    page.locator(".actions").get_by_role("button", name="Merge").click()
    expect(page.locator("#gets")).to_contain_text("Grey heron")
    page.get_by_label("Keep Grey heron").check()
    expect(page.locator("#gets")).to_contain_text("It lacks nothing that the others have.")
    page.get_by_role("button", name="Merge, and move 1 image").click()
    expect(page.locator(".message")).to_contain_text("1 image is merged into “Grey heron”")
    expect(page.locator(".tile")).to_have_count(NUM_IMAGES - 1)


def test_the_theme_is_kept(page: Page, images: list[Image]) -> None:
    page.goto("/")
    page.locator("#theme").click()
    page.locator("#theme").click()
    page.goto("/upload/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
