"""The life of a decision: two images come, are found, compared and judged, and nothing forgets what was judged."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from PIL import Image as Picture
from playwright.sync_api import Locator, Page, expect

from gallery.intake.samples import photographs_folder
from tests.browser.sites import Site
from tests.search.processes import wait_until

OpenPage = Callable[..., Page]
WORKERS_SECONDS = 1800
"""For workers of a busy machine to compute features, to scan, and to build the index."""


def draw(folder: Path) -> list[Path]:
    """Write a photograph that the samples do not have, and an edited copy of it."""
    coins = Picture.open(photographs_folder() / "coins.png").convert("RGB")
    paths = [folder / "coins.png", folder / "coins-again.jpg"]
    coins.save(paths[0])
    coins.resize((coins.width * 9 // 10, coins.height * 9 // 10)).save(paths[1], quality=70)
    return paths


def upload(page: Page, paths: list[Path]) -> None:
    """Send files by the page, and wait until each is stored."""
    page.goto("/upload/")
    page.locator("#files").set_input_files([str(path) for path in paths])
    expect(page.locator('.upload[data-state="stored"]')).to_have_count(len(paths))


def scan(team_site: Site, after: int) -> None:
    """Wait for a scan for duplicates that is newer than another."""
    newer = "SELECT 1 FROM review_duplicatescan WHERE state = 'ready' AND id > ?"
    wait_until(lambda: team_site.sql(newer, after), "a newer scan for duplicates", WORKERS_SECONDS)


def newest_scan(team_site: Site) -> int:
    """Return the number of the newest scan for duplicates."""
    return int(team_site.sql("SELECT coalesce(max(id), 0) FROM review_duplicatescan")[0][0])


def group_of_coins(page: Page) -> Locator:
    """Go to the edited copies among the duplicates, and return the groups with the coins."""
    page.goto("/duplicates/?tier=3")
    expect(page.get_by_role("heading", name="Duplicates", exact=True)).to_be_visible()
    return page.locator(".group").filter(has_text="coins")


def test_different_stays_different(open_as: OpenPage, team_site: Site, tmp_path: Path) -> None:
    page = open_as("carl", "/")
    upload(page, draw(tmp_path))
    wait_until(lambda: team_site.num_waiting() == 0, "the features are computed", WORKERS_SECONDS)

    page.goto("/?q=coins.png")
    page.locator(".tile a").first.click()
    page.get_by_role("link", name="Find similar").first.click()
    hit = page.locator(".hit").first
    expect(hit).to_contain_text("coins-again")
    hit.get_by_role("link", name=re.compile("^Compare")).first.click()
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()
    compared = page.url

    wait_until(lambda: group_of_coins(page).count() == 1, "a scan finds the coins", WORKERS_SECONDS)

    page.goto(compared)
    page.get_by_role("button", name="different").click()
    expect(page.locator("#verdict")).to_contain_text("You decided different")
    expect(group_of_coins(page)).to_have_count(0)

    scans, generation = newest_scan(team_site), team_site.sql("SELECT max(id) FROM search_generation")[0][0]
    admin = open_as("ada", "/status/")
    admin.get_by_role("button", name="Rebuild").click()
    active = "SELECT 1 FROM search_generation WHERE life = 'active' AND id > ?"
    wait_until(lambda: team_site.sql(active, generation), "the index is built again", WORKERS_SECONDS)
    scan(team_site, scans)
    expect(group_of_coins(page)).to_have_count(0)
    page.goto(compared)
    expect(page.locator("#verdict")).to_contain_text("You decided different")
    page.goto("/review/verdicts/")
    expect(page.locator("main").get_by_role("link", name="coins-again.jpg")).to_be_visible()
