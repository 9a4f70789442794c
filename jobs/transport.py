"""The queues as the rest of the program sees them: short time-outs, and plain answers when Redis is down."""

from __future__ import annotations

import logging
from functools import lru_cache, partial
from typing import Any

import django_rq
from django.conf import settings
from django.db import connection, transaction
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue

TIMEOUT_SECONDS = 2
logger = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def redis_connection() -> Redis:
    """Return the process's connection for short questions; it gives up soon. Workers wait on one of their own."""
    return Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1),  # once: a kept connection may be one that a restarted Redis has closed
    )


def queue_named(name: str) -> Queue:
    """Return the queue of that name, which sends at once."""
    return django_rq.get_queue(name, connection=redis_connection(), commit_mode="auto")


def send(name: str, job: str, *args: Any, job_id: str = "") -> bool:
    """Put a job on a queue; False (and a line in the log) when Redis is down: the reconciler will see to it.

    A job of the same id that waits already is not sent again.
    """
    try:
        queue = queue_named(name)
        # Two senders may both see none: the claim of the row makes the second job do nothing.
        if not job_id or queue.get_job_position(job_id) is None:
            # Results are in the database; failures stay for a day, to be looked at in the dashboard.
            queue.enqueue(job, *args, job_id=job_id or None, result_ttl=0, failure_ttl=86_400)
    except RedisError as error:
        logger.warning("could not queue %s: %s; it is repaired once Redis is back", job_id or job, error)
        return False
    return True


def send_after_commit(name: str, job: str, *args: Any, job_id: str = "") -> bool:
    """Put a job on a queue once the transaction at hand is committed, so that a worker finds what it is about."""
    put = partial(send, name, job, *args, job_id=job_id)
    if connection.in_atomic_block:
        transaction.on_commit(put)
        return True
    return put()


def num_queued(name: str) -> int:
    """Return how many jobs wait; 0 when Redis is down."""
    try:
        return int(queue_named(name).count)
    except RedisError:
        return 0


def queued_ids(name: str) -> set[str] | None:
    """Return the ids of the jobs that wait; None when Redis is down."""
    try:
        return set(queue_named(name).get_job_ids())
    except RedisError:
        return None
