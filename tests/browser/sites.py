"""Whole sites, started as people start them, the people on them, and browsers that fail on what their consoles say."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page

from config.environment import BASE_DIR
from tests.browser.waiting import arrive
from tests.search.processes import wait_until

START_SECONDS, COMMAND_SECONDS, NUM_SAMPLES = 1800, 600, 72
PASSWORD = "a-long-one-for-tests-7"


@dataclass(frozen=True, slots=True)
class Site:
    """A running site: where it answers, where its data lie, and what its processes know of their surroundings."""

    address: str
    folder: Path
    environment: dict[str, str]

    def manage(self, *arguments: str, text: str = "") -> str:
        """Run a command on the site's data to its end, and return what it says."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR,
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def administrator(self) -> tuple[str, str]:
        """Return name and password of the administrator, which the log tells once."""
        told = re.search(r"log in at \S+ as (\S+) with the password (\S+)", (self.folder / "log").read_text())
        assert told
        return told.group(1), told.group(2)

    def admit(self, **roles: str) -> None:
        """Make accounts of these names and roles, all with one password."""
        lines = [
            "from django.contrib.auth.models import User",
            "from gallery.people.membership import set_role",
            "from gallery.people.roles import Role",
        ]
        for name, role in roles.items():
            lines.append(f"user = User.objects.create_user({name!r}, password={PASSWORD!r})")
            lines.append(f"set_role(user, Role[{role.upper()!r}], None)")
        self.manage("shell", "--no-imports", text="\n".join(lines))

    def call(self, function: str, *arguments: object, **options: object) -> Any:
        """Run a function of `tests.browser.site_setup` on the site's data, and return what it returns."""
        code = f"site_setup.{function}(*{arguments!r}, **{options!r})"
        text = f"import json; from tests.browser import site_setup; print('\\n' + json.dumps({code}))"
        return json.loads(self.manage("shell", "--no-imports", text=text).splitlines()[-1])

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with closing(sqlite3.connect(f"file:{self.folder}/likeness.sqlite3?mode=ro", uri=True, timeout=20)) as database:
            return database.execute(query, values).fetchall()

    def num_waiting(self) -> int:
        """Return how many images are still to be decoded, or lack features."""
        begun = {image for (image,) in self.sql("SELECT DISTINCT image_id FROM search_feature")}
        waiting = {image for (image,) in self.sql("SELECT id FROM gallery_image WHERE status = 'pending'")}
        waiting |= {image for (image,) in self.sql("SELECT id FROM gallery_image WHERE status = 'ready'")} - begun
        states = "SELECT DISTINCT image_id FROM search_feature WHERE state IN ('pending', 'leased')"
        return len(waiting | {image for (image,) in self.sql(states)})

    def is_searchable(self) -> bool:
        """Tell whether every feature of every sample is computed."""
        ((num_images,),) = self.sql("SELECT count(*) FROM gallery_image WHERE status = 'ready'")
        states = {state for (state,) in self.sql("SELECT DISTINCT state FROM search_feature")}
        return num_images == NUM_SAMPLES and states == {"ready"}


@contextmanager
def running_site(folder: Path, **environment: str) -> Iterator[Site]:
    """Run a site with the sample gallery in a folder; it is yielded once all of it is findable."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH")}
    kept |= {"DATA_DIR": str(folder), "PORT": "0"} | environment
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "manage.py", "run"], stdout=log, stderr=log, cwd=BASE_DIR, env=kept)
    said: Callable[[], str] = (folder / "log").read_text
    try:
        wait_until(lambda: process.poll() is not None or "is ready:" in said(), "the site runs", START_SECONDS)
        found = re.search(r"is ready:\s+(http\S+?)/?\s", said())
        assert found, said()
        site = Site(found.group(1), folder, kept)
        wait_until(site.is_searchable, "the samples are findable", START_SECONDS)
        yield site
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(300)


@contextmanager
def pages_of(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Yield what opens a page in a browser of its own; errors of scripts and of the security policy fail the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def note(page: Page, kind: str, text: str) -> None:
        if kind == "error" and "Failed to load resource" not in text:
            errors.append(f"{page.url}: {text}")

    def open_it(path: str, **options: object) -> Page:
        context = browser.new_context(base_url=address, **({"reduced_motion": "reduce"} | options))  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: note(page, "error", str(error)))
        page.on("console", lambda message: note(page, message.type, message.text))
        page.goto(path)
        return page

    try:
        yield open_it
    finally:
        for context in contexts:
            context.close()
    assert errors == [], errors


def log_in(page: Page, name: str, address: str = "/", password: str = PASSWORD) -> None:
    """Log in by the form, and arrive at an address."""
    page.goto(f"/accounts/login/?next={address}")
    page.locator("#id_login").fill(name)
    page.locator("#id_password").fill(password)
    page.locator("main").get_by_role("button", name="Log in").click()
    arrive(page, urlsplit(address).path)


def address_of(name: str, *args: object) -> str:
    """Return the path of an address; the site under test has the URLs of this process."""
    return reverse(name, args=args)
