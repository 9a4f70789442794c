"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.db import connections
from numpy.typing import NDArray
from playwright.sync_api import Browser, sync_playwright

from tests.browser.chromium import CHROMIUM

pytest.register_assert_rewrite("tests.search.processes")  # before anything imports it


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Keep the test database in a file: in memory, a live server's threads would share one connection."""
    database = connections["default"].settings_dict
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["TEST"]["NAME"] = str(Path(os.environ["DATA_DIR"]) / "test.sqlite3")


@pytest.fixture(autouse=True)
def _plain_static_files(settings: LazySettings) -> None:
    """Pages name static files as they are: nothing was collected for them."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium, one for all tests: a second event loop in this thread would be refused.

    Its loop lives in this thread, so Django is told that the database is safe here.
    """
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(20)


@pytest.fixture
def picture(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A textured (120, 160, 3) RGB picture: smooth colors with noise on them."""
    rows, cols = np.mgrid[0:120, 0:160]
    smooth = np.stack([rows * 2, cols * 1.5, 255 - rows - cols / 2], axis=2)
    return np.clip(smooth + rng.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def data_dir() -> Path:
    """The folder of development images; the test is skipped by name where there is none."""
    folder = os.environ.get("LIKENESS_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("LIKENESS_DATA does not name the folder of development images")
    return Path(folder)
