"""The worker processes, each as one that takes jobs from a real Redis in this process."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from jobs import transport
from jobs.worker import make_worker

opened: list[Any] = []


def note_connection() -> None:
    """Note the connection of the job at hand, whose time is over when it ends."""
    connection.ensure_connection()
    opened.append(connection.connection)
    connection.close_at = 0.0


@pytest.mark.usefixtures("redis")
@pytest.mark.django_db(transaction=True)
def test_no_connection_is_kept_beyond_its_time(settings: LazySettings) -> None:
    opened.clear()
    for _time in range(2):
        assert transport.send(settings.QUEUE_INTERACTIVE, f"{__name__}.{note_connection.__name__}")
    make_worker(settings.QUEUE_INTERACTIVE).work(burst=True, logging_level="WARNING")
    first, second = opened
    assert first is not second
