"""Waiting, within limits, for what arrives in its own time: an answer, a script's work, a frame that is drawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

PATIENCE_SECONDS = 30.0


def soon(page: Page, value: Callable[[], Any], expected: Any = True) -> None:
    """Wait until a value is as expected, and say what it was instead.

    Meanwhile the page goes on: handlers of its requests are called only while Playwright is at work.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := value()) != expected and time.monotonic() < deadline:
        page.wait_for_timeout(20)
    assert found == expected
