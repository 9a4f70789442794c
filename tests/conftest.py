"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.db import connections
from numpy.typing import NDArray
from playwright.sync_api import Browser, sync_playwright
from xdist.remote import Producer

from tests import migrated
from tests.browser.chromium import CHROMIUM
from tests.dealing import FilesAndSites

pytest.register_assert_rewrite("tests.search.processes")  # before anything imports it


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FilesAndSites:
    """Tell how tests are dealt out where several processes run them."""
    return FilesAndSites(config, log)


@pytest.fixture(scope="session")
def sqlite_file() -> Path | None:
    """Where the test database lies: in a file, as in memory a live server's threads would share one connection."""
    if connections["default"].vendor != "sqlite":
        return None
    return Path(os.environ["DATA_DIR"]) / "test.sqlite3"


@pytest.fixture(scope="session")
def kept_database(sqlite_file: Path | None, pytestconfig: pytest.Config) -> Path | None:
    """Where a migrated database is kept from run to run."""
    return sqlite_file and migrated.kept_file(pytestconfig.cache.mkdir("migrated"))


@pytest.fixture(scope="session")
def django_db_keepdb(sqlite_file: Path | None, kept_database: Path | None, django_db_keepdb: bool) -> bool:
    """Begin with the migrated database that was kept; `migrate` then finds nothing to do."""
    return django_db_keepdb or bool(sqlite_file and kept_database and migrated.fetch(kept_database, sqlite_file))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    sqlite_file: Path | None,
    django_db_modify_db_settings_parallel_suffix: None,  # of PostgreSQL's databases, one for each process
) -> None:
    if sqlite_file:
        connections["default"].settings_dict["TEST"]["NAME"] = str(sqlite_file)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, sqlite_file: Path | None, kept_database: Path | None) -> None:
    """Keep the database that had to be made."""
    if sqlite_file and kept_database and not kept_database.exists():
        migrated.keep(sqlite_file, kept_database)


@pytest.fixture(scope="session")
def prepare(django_db_setup: None, kept_database: Path | None) -> Callable[[Path], None]:
    """Return what puts a migrated database into the folder of data of another process: to migrate takes long."""
    return partial(migrated.prepare, kept_database)


@pytest.fixture(autouse=True)
def _plain_static_files(settings: LazySettings) -> None:
    """Pages name static files as they are: nothing was collected for them."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture(autouse=True)
def _quick_passwords(settings: LazySettings) -> None:
    """Hash passwords by what takes no time, and read those of real processes."""
    settings.PASSWORD_HASHERS = [f"django.contrib.auth.hashers.{name}PasswordHasher" for name in ("MD5", "PBKDF2")]


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
