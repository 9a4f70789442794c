"""A whole site, started as people start it, and a real Chromium to look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.chromium import CHROMIUM
from tests.browser.sites import Site, log_in, pages_of, running_site
from tests.browser.waiting import PATIENCE_SECONDS
from tests.search.processes import wait_until

expect.set_options(timeout=1000 * PATIENCE_SECONDS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder, and skip it where there is no browser."""
    missing = pytest.mark.skip(reason="no Chromium was found on the PATH")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(missing)


@pytest.fixture(scope="session")
def served(prepare: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with the sample gallery, all of it findable, open to everybody."""
    folder = tmp_path_factory.mktemp("site")
    prepare(folder)
    with running_site(folder) as started:
        yield started


@pytest.fixture(scope="session")
def site(served: Site) -> str:
    """The address of that site."""
    return served.address


@pytest.fixture(scope="session")
def team_site(prepare: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Another such site, for people with accounts only: what they decide there changes what others see."""
    folder = tmp_path_factory.mktemp("team_site")
    prepare(folder)
    with running_site(folder, OPEN_ACCESS="0") as started:
        started.admit(
            vera="viewer",
            rita="reviewer",
            ruth="reviewer",
            rosa="reviewer",
            nora="reviewer",  # adjudicates: she has judged no pair before
            carl="curator",
            mona="viewer",
            ada="admin",
        )
        yield started


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Return what opens a page of the site; errors of scripts and of the security policy fail the test."""
    with pages_of(browser, site) as open_it:
        yield open_it


@pytest.fixture(scope="session")
def furnished(team_site: Site) -> dict[str, Any]:
    """What lies on that site so that each of its pages has something to show."""
    things: dict[str, Any] = team_site.call("furnish")
    wait_until(
        lambda: team_site.sql("SELECT 1 FROM review_duplicatescan WHERE state = 'ready'"), "a scan for duplicates"
    )
    return things


@pytest.fixture(scope="session")
def sessions(browser: Browser, team_site: Site) -> Callable[[str], StorageState | None]:
    """Return what tells the cookies of somebody who is logged in to that site, after logging in once."""
    known: dict[str, StorageState] = {}

    def of(name: str) -> StorageState | None:
        if name and name not in known:
            with pages_of(browser, team_site.address) as open_it:
                page = open_it("/accounts/login/")
                log_in(page, name)
                known[name] = page.context.storage_state()
        return known.get(name)

    return of


@pytest.fixture
def open_as(
    browser: Browser, team_site: Site, sessions: Callable[[str], StorageState | None]
) -> Iterator[Callable[..., Page]]:
    """Return what opens a page of that site as somebody, each in a browser of their own."""
    with pages_of(browser, team_site.address) as open_it:
        yield lambda name, path="/", **options: open_it(path, storage_state=sessions(name), **options)


@pytest.fixture
def as_staff(served: Site) -> Callable[[Page, str], None]:
    """Return what leads a page to an address as the administrator."""

    def enter(page: Page, address: str) -> None:
        name, password = served.administrator()
        log_in(page, name, address, password)

    return enter
