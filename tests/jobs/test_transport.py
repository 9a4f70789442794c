"""The queues as the program asks about them, in a real Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from jobs import transport
from search.background import tasks
from tests.search.processes import Processes


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
    build, maps = (f"{tasks.__name__}.{job.__name__}" for job in (tasks.enqueue_build, tasks.enqueue_maps))
    assert transport.send(settings.QUEUE_MAINTENANCE, maps, "")
    assert transport.num_queued(settings.QUEUE_MAINTENANCE) == 1
    assert transport.is_queued(settings.QUEUE_MAINTENANCE, maps)
    assert not transport.is_queued(settings.QUEUE_MAINTENANCE, build)
    assert not transport.is_queued(settings.QUEUE_FEATURES, maps)


def test_without_redis_nothing_waits_and_nothing_is_sent(settings: LazySettings) -> None:
    assert not transport.send(settings.QUEUE_MAINTENANCE, "search.background.tasks.enqueue_build")
    assert transport.num_queued(settings.QUEUE_MAINTENANCE) == 0
    assert not transport.is_queued(settings.QUEUE_MAINTENANCE, "search.background.tasks.enqueue_build")
