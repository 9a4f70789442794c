"""The queues as the program asks about them, in a real Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from jobs import transport
from tests.search.processes import Processes

MAINTENANCE = "maintenance"


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


@pytest.mark.usefixtures("redis")
def test_it_works(settings: LazySettings) -> None:
    for number in (1, 2, 1):
        assert transport.send(MAINTENANCE, "jobs.job.run", "errand", str(number), job_id=f"errand-{number}")
    assert transport.send(MAINTENANCE, "jobs.job.run", "errand", "1")  # of no name: it may come twice
    assert transport.num_queued(MAINTENANCE) == 3
    assert {"errand-1", "errand-2"} < (transport.queued_ids(MAINTENANCE) or set())
    assert transport.queued_ids(settings.QUEUE_FEATURES) == set()


def test_without_redis_nothing_waits_and_nothing_is_sent() -> None:
    assert not transport.send(MAINTENANCE, "jobs.job.run", "errand", "1", job_id="errand-1")
    assert transport.num_queued(MAINTENANCE) == 0
    assert transport.queued_ids(MAINTENANCE) is None
