"""Background work on duplicates: a scan as soon as enough has changed."""

from __future__ import annotations

from django.conf import settings

from jobs import transport
from review.duplicates import schedule
from review.duplicates.decide import bulk  # noqa: F401 (importing registers its kind of work)
from review.duplicates.scan import duplicate_scan


def renew_duplicates() -> int:
    """Ask for a scan when something has changed and no other long work waits."""
    if not transport.num_queued(settings.QUEUE_MAINTENANCE) and schedule.due():
        duplicate_scan.send(schedule.ask().pk)
    return 0
