"""A whole site, started as people start it, and a real Chromium to look at it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from config.environment import BASE_DIR
from tests.search.processes import wait_until

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
START_SECONDS = 120


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder, and skip it where there is no browser."""
    missing = pytest.mark.skip(reason="no Chromium was found on the PATH")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(missing)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site with the sample gallery, all of it findable."""
    folder = tmp_path_factory.mktemp("site")
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH")}
    environment = kept | {"DATA_DIR": str(folder), "PORT": "0"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "run"], stdout=log, stderr=log, cwd=BASE_DIR, env=environment
        )
    said: Callable[[], str] = (folder / "log").read_text
    try:
        wait_until(lambda: process.poll() is not None or "is ready:" in said(), "the site runs", START_SECONDS)
        found = re.search(r"is ready:\s+(http\S+?)/?\s", said())
        assert found, said()
        wait_until(lambda: _is_searchable(found.group(1)), "the samples are findable", START_SECONDS)
        yield found.group(1)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _is_searchable(address: str) -> bool:
    """Tell whether every feature is computed, as the status page says it."""
    with urlopen(f"{address}/status/") as response:  # noqa: S310 (an address of our own)
        return "all computed" in response.read().decode()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium; its event loop lives in this thread, so Django is told that the database is safe here."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Return what opens a page of the site; errors of scripts and of the security policy fail the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def note(kind: str, text: str) -> None:
        if kind == "error" and "Failed to load resource" not in text:
            errors.append(text)

    def open_it(path: str, **options: object) -> Page:
        context = browser.new_context(base_url=site, **({"reduced_motion": "reduce"} | options))  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: note(message.type, message.text))
        page.goto(path)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def as_staff(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Page, str], None]:
    """Return what leads a page to an address as the administrator, whose password the site's log told once."""

    def log_in(page: Page, address: str) -> None:
        (log,) = tmp_path_factory.getbasetemp().glob("site[0-9]*/log")
        told = re.search(r"log in at \S+ as (\S+) with the password (\S+)", log.read_text())
        assert told
        page.goto(f"/accounts/login/?next={address}")
        page.get_by_label("User name").fill(told.group(1))
        page.get_by_label("Password").fill(told.group(2))
        page.locator("main").get_by_role("button", name="Log in").click()
        page.wait_for_url(f"**{address}")

    return log_in
