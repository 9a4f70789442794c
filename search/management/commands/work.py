"""`manage.py work QUEUE`: one worker process on one queue."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from redis import Redis
from redis.exceptions import RedisError

from jobs import worker
from jobs.commands import refusal

PATIENCE_SECONDS = 60


class Command(BaseCommand):
    help = "Work on one queue until told to stop (SIGTERM or Ctrl-C)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queue", choices=list(settings.RQ_QUEUES))
        parser.add_argument("--burst", action="store_true", help="Stop when the queue is empty.")

    def handle(self, *args: Any, queue: str, burst: bool, **options: Any) -> None:
        _wait_for_redis()
        worker.work(queue, burst=burst)


def _wait_for_redis() -> None:
    """Give Redis time to start or to come back."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            # Also for a server behind a firewall, which never answers at all.
            Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2).ping()
        except RedisError as error:
            if time.monotonic() > deadline:
                raise refusal("redis_silent", url=settings.REDIS_URL, cause=str(error)) from error
            time.sleep(0.5)
        else:
            return
