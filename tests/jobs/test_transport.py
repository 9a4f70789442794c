"""The queues as the program asks about them, in a real Redis."""

from __future__ import annotations

import pytest
from django.conf import LazySettings

from jobs import transport

MAINTENANCE = "maintenance"


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
