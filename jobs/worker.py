"""The worker processes: one queue each, because RQ may drop a job that it takes from several queues at once."""

from __future__ import annotations

import logging
import os
import signal
import time
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connections
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from rq import Queue, SimpleWorker, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker

from jobs import job as kinds
from jobs import periodic
from jobs.leases import take_place
from jobs.supervisor.launch import die_with_parent

WORKER_TTL_SECONDS = 60
"""A worker tells Redis that it lives at least this often; dead ones vanish from the status page a minute later."""
logger = logging.getLogger(__name__)


class SteadyWorker(BaseWorker):
    """A worker that outlives its Redis: it asks again soon, and registers again when Redis came back empty."""

    max_connection_wait_time = 2.0

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        # A pipeline only collects commands, so nothing can be asked in it.
        if pipeline is None and not self.connection.sismember(self.redis_workers_keys, self.key):
            self.connection.delete(self.key)  # register_birth refuses a name that is taken
            self.register_birth()
        super().heartbeat(timeout, pipeline)

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        self.forget_the_dead()
        super().bootstrap(*args, **kwargs)
        self.get_ready()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Execute a job; when Redis goes away meanwhile, wait for it instead of ending: models load slowly."""
        close_old_connections()  # a database that was started again since has ended those that were open
        try:
            super().execute_job(job, queue)
        except (RedisConnectionError, RedisTimeoutError) as error:
            logger.warning("Redis went away during a job: %s", error)
            self.executions.clear()  # left beside the next job's, RQ would refuse to end either
            self._wait_for_redis()

    def _wait_for_redis(self) -> None:
        while not self._stop_requested:
            try:
                self.connection.ping()
            except (RedisConnectionError, RedisTimeoutError):
                time.sleep(0.5)
            else:
                return

    def forget_the_dead(self) -> None:
        """Strike off workers of this machine whose process is gone, so that nobody counts on them."""
        for worker in BaseWorker.all(connection=self.connection, serializer=JSONSerializer):
            if worker.hostname == self.hostname and worker.pid and not _is_alive(worker.pid):
                worker.register_death()

    def get_ready(self) -> None:
        """Take up what a dead predecessor left in hand, and load what the jobs need."""
        kinds.reclaim()
        for name in self.queue_names():
            for start in periodic.worker_starts():
                start(name)
        connections.close_all()  # a connection must not be shared with forked jobs


class FeatureWorker(SteadyWorker, SimpleWorker):
    """Runs its jobs in its own process, because models load slowly and TensorFlow does not survive a fork."""


class MaintenanceWorker(SteadyWorker, Worker):
    """Forks for each job, so that the memory of a build goes back when it ends; a stop ends the build at once."""

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        # The worker's number, read before the fork. A child that outlived its worker would work beside its successor.
        die_with_parent(self.pid or os.getppid(), signal.SIGKILL)
        super().main_work_horse(job, queue)

    def handle_warm_shutdown_request(self) -> None:
        if self.horse_pid:
            self.kill_horse()

    def handle_work_horse_killed(self, *args: Any) -> None:
        """Let the next take up what the child held that was killed; to be stopped with its worker is no attempt."""
        super().handle_work_horse_killed(*args)
        kinds.reclaim(counts=not self._stop_requested)
        connections.close_all()


def make_worker(queue_name: str) -> SteadyWorker:
    """Make the worker of a queue, on a connection of its own."""
    connection = Redis.from_url(settings.REDIS_URL, health_check_interval=30, retry=Retry(NoBackoff(), 1))
    queue = Queue(queue_name, connection=connection, serializer=JSONSerializer)
    kind = MaintenanceWorker if queue_name == settings.QUEUE_MAINTENANCE else FeatureWorker
    return kind(
        [queue],
        name=f"{queue_name}-{os.uname().nodename}-{os.getpid()}",
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_SECONDS,
        log_job_description=False,
    )


def work(queue_name: str, *, burst: bool = False) -> None:
    """Work on a queue until told to stop."""
    take_place()
    worker = make_worker(queue_name)
    worker.work(burst=burst, logging_level="WARNING")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
