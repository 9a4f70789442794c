"""The queues as the rest of the program sees them: short time-outs, and plain answers when Redis is down."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import django_rq
from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker

TIMEOUT_SECONDS = 2
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A worker that is alive, as Redis tells."""

    name: str
    queue: str
    state: str
    pid: int | None
    last_heartbeat: datetime | None


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """What can be said of the queues; `error` is empty when Redis answers."""

    error: str = ""
    version: str = ""
    queued: dict[str, int] = field(default_factory=dict)
    workers: list[WorkerSeen] = field(default_factory=list)

    def workers_of(self, queue: str) -> list[WorkerSeen]:
        return [worker for worker in self.workers if worker.queue == queue]


@lru_cache(maxsize=1)
def redis_connection() -> Redis:
    """Return the process's connection for short questions; it gives up soon. Workers wait on one of their own."""
    return Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1),
    )


def queue_named(name: str) -> Queue:
    """Return the queue of that name, which sends at once."""
    return django_rq.get_queue(name, connection=redis_connection(), commit_mode="auto")


def send(name: str, job: str, *args: Any) -> bool:
    """Put a job on a queue; False (and a line in the log) when Redis is down: the reconciler will see to it."""
    try:
        queue_named(name).enqueue(job, *args, result_ttl=0, failure_ttl=86_400)
    except RedisError as error:
        logger.warning("could not queue %s: %s; it is repaired once Redis is back", job, error)
        return False
    return True


def num_queued(name: str) -> int:
    """Return how many jobs wait; 0 when Redis is down."""
    try:
        return int(queue_named(name).count)
    except RedisError:
        return 0


def queue_status() -> QueueStatus:
    """Ask Redis for its version, the lengths of the queues and the workers that are alive."""
    try:
        version = str(redis_connection().info("server")["redis_version"])
        queued = {name: num_queued(name) for name in settings.RQ_QUEUES}
        found = BaseWorker.all(connection=redis_connection(), serializer=JSONSerializer)
    except RedisError as error:
        return QueueStatus(error=str(error))
    return QueueStatus("", version, queued, [_seen(worker) for worker in found if worker.queue_names()])


def _seen(worker: BaseWorker) -> WorkerSeen:
    names = ",".join(worker.queue_names())
    return WorkerSeen(worker.name, names, str(worker.get_state()), worker.pid, worker.last_heartbeat)
