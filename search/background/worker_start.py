"""What workers load before their first job: methods, where images are described."""

from __future__ import annotations

from django.conf import settings

from jobs import periodic
from search.background import tasks
from search.features import extraction


def get_ready(queue: str) -> None:
    """Load the methods where images are described, and see to it that what waits is taken up."""
    # Builds and maps describe nothing; the networks would take their memory for nothing.
    if queue != settings.QUEUE_MAINTENANCE:
        extraction.warm_up()
    if queue == settings.QUEUE_FEATURES:
        tasks.enqueue_extraction()


periodic.on_worker_start(get_ready)
