"""Fixtures for the protocol of background work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from jobs import transport
from tests.jobs.errands import make_table
from tests.search.processes import Processes


@pytest.fixture(scope="session", autouse=True)
def _errands(django_db_setup: None, django_db_blocker: Any) -> None:
    """Make the table of the tests' own kind of work."""
    with django_db_blocker.unblock():
        make_table()


@pytest.fixture
def redis(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    """A Redis of our own that the queues talk to."""
    processes = Processes(tmp_path)
    settings.REDIS_URL = processes.url
    transport.redis_connection.cache_clear()
    try:
        processes.start_redis()
        yield
    finally:
        processes.end()
        transport.redis_connection.cache_clear()
