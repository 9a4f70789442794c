"""Waiting, within limits, for what arrives in its own time: an answer, a script's work, a frame that is drawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page

PATIENCE_SECONDS = 60.0


def soon(page: Page, value: Callable[[], Any], expected: Any = True) -> None:
    """Wait until a value is as expected, and say what it was instead.

    Meanwhile the page goes on: handlers of its requests are called only while Playwright is at work. What Playwright
    has to wait for functions in the page is no help: where it looks again, the security policy forbids it.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := value()) != expected and time.monotonic() < deadline:
        page.wait_for_timeout(20)
    assert found == expected


def painted(page: Page) -> None:
    """Wait until what scripts had put off to the next frame is done."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def still(page: Page) -> None:
    """Wait until nothing fades or moves any more."""
    painted(page)
    page.evaluate("() => Promise.allSettled(document.getAnimations().map((each) => each.finished))")


def arrive(page: Page, path: str) -> None:
    """Wait until a page stands at a path; addresses that only name it as the next one do not count."""
    page.wait_for_url(lambda address: urlsplit(address).path == path)


def fit(page: Page, width: int) -> None:
    """Wait until nothing of a page sticks out of a window of this width."""
    soon(page, lambda: page.evaluate("document.documentElement.scrollWidth"), width)
