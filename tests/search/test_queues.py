"""The queues as the program asks about them, in a real Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from search import queues, tasks
from tests.search.processes import Processes


@pytest.fixture
def redis(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    """A Redis of our own that the queues talk to."""
    processes = Processes(tmp_path)
    settings.REDIS_URL = processes.url
    queues.redis_connection.cache_clear()
    try:
        processes.start_redis()
        yield
    finally:
        processes.end()
        queues.redis_connection.cache_clear()


@pytest.mark.usefixtures("redis")
def test_it_works(settings: LazySettings) -> None:
    build, maps = (f"{tasks.__name__}.{job.__name__}" for job in (tasks.build_generation, tasks.draw_maps))
    assert queues.send(settings.QUEUE_MAINTENANCE, maps, "")
    assert queues.num_queued(settings.QUEUE_MAINTENANCE) == 1
    assert queues.is_queued(settings.QUEUE_MAINTENANCE, maps)
    assert not queues.is_queued(settings.QUEUE_MAINTENANCE, build)
    assert not queues.is_queued(settings.QUEUE_FEATURES, maps)


def test_without_redis_nothing_waits_and_nothing_is_sent(settings: LazySettings) -> None:
    assert not queues.send(settings.QUEUE_MAINTENANCE, "search.tasks.build_generation")
    assert queues.num_queued(settings.QUEUE_MAINTENANCE) == 0
    assert not queues.is_queued(settings.QUEUE_MAINTENANCE, "search.tasks.build_generation")
