"""What works now and what does not: queues, workers, features, the generation in use, the disk."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from redis.exceptions import RedisError
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker, WorkerStatus

from gallery.models import Image
from jobs import transport
from jobs.errors import sentence
from jobs.rows import JobState
from search.exceptions import IndexDamagedError
from search.features import leases, registry
from search.index.manifest import read_manifest
from search.models import Feature, Generation
from search.storage import data_folder, generation_folder

LOST_AFTER = timedelta(minutes=3)
"""An idle worker that has not been heard of for so long is not counted; busy ones report at the end of their job."""
LOW_DISK_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class QueueHealth:
    """One queue and the workers on it."""

    name: str
    num_jobs: int
    num_failed: int
    num_workers: int
    num_busy: int
    heard_at: datetime | None


@dataclass(frozen=True, slots=True)
class Queues:
    """Every queue, or why they cannot be reached."""

    error: str
    queues: list[QueueHealth]

    def named(self, name: str) -> QueueHealth:
        """Return the queue of that name."""
        return next(queue for queue in self.queues if queue.name == name)

    @property
    def idle(self) -> list[str]:
        """Name the queues that no worker serves."""
        return [queue.name for queue in self.queues if not queue.num_workers]


@dataclass(frozen=True, slots=True)
class Failure:
    """Features that failed for one reason."""

    method: str
    code: str
    reason: str  # in the reader's language
    num_images: int


@dataclass(frozen=True, slots=True)
class Reduced:
    """A method whose rows are scanned with fewer numbers, and how much of their variance these keep."""

    method: str
    dim: int
    reduced_dim: int
    percent: float


@dataclass(frozen=True, slots=True)
class Disk:
    """Room where the site keeps its files."""

    total_bytes: int
    free_bytes: int

    @property
    def low(self) -> bool:
        return self.free_bytes < LOW_DISK_BYTES

    @property
    def used_percent(self) -> float:
        return round(100 * (1 - self.free_bytes / max(self.total_bytes, 1)), 1)


def look_at_queues() -> Queues:
    """Ask Redis for the queues and their workers; an unreachable Redis is an answer, not an error."""
    try:
        # JSON as everywhere: with RQ's own serializer, pickle, a name in Redis could run code here.
        workers = BaseWorker.all(connection=transport.redis_connection(), serializer=JSONSerializer)
        alive = [worker for worker in workers if _alive(worker)]
        return Queues("", [_queue_health(name, alive) for name in settings.RQ_QUEUES])
    except RedisError as error:
        return Queues(str(error) or type(error).__name__, [])


def _alive(worker: BaseWorker) -> bool:
    heard = worker.last_heartbeat
    return heard is not None and (worker.get_state() == WorkerStatus.BUSY or timezone.now() - heard < LOST_AFTER)


def _queue_health(name: str, workers: list[BaseWorker]) -> QueueHealth:
    queue = transport.queue_named(name)
    mine = [worker for worker in workers if name in worker.queue_names()]
    return QueueHealth(
        name=name,
        num_jobs=queue.count,
        num_failed=FailedJobRegistry(queue=queue).count,
        num_workers=len(mine),
        num_busy=sum(worker.get_state() == WorkerStatus.BUSY for worker in mine),
        heard_at=max((worker.last_heartbeat for worker in mine if worker.last_heartbeat), default=None),
    )


def num_features_waiting(closed: QuerySet[Image] | None = None) -> int:
    """Return how many features are still to be computed, without those of some images or of absent originals."""
    rows = _in_state(JobState.WAITING, JobState.RUNNING).exclude(leases.for_original())
    return (rows if closed is None else rows.exclude(image__in=closed)).count()


def _in_state(*states: JobState) -> QuerySet[Feature]:
    """Select features at the current versions that are in one of the states, along the index.

    The pairs of method and version are an OR, for which SQLite reads the whole index where it is not narrowed before.
    """
    versions = registry.current_versions()
    near = Feature.objects.filter(method__in=versions, version__in=versions.values(), state__in=states)
    # The columns apart narrow the index; the pairs then take out what belongs to other versions.
    return near & registry.of_versions(versions)


def look_at_failures(limit: int = 20, closed: QuerySet[Image] | None = None) -> list[Failure]:
    """Return why features failed or wait for originals, most frequent first, without those of some images."""
    failed = _in_state(JobState.FAILED, JobState.RUNNING).filter(Q(state=JobState.FAILED) | leases.for_original())
    rows = (
        (failed if closed is None else failed.exclude(image__in=closed))
        .values_list("method", "error_code", "error_params")
        .annotate(num=Count("pk"))
        .order_by("-num", "method")[:limit]
    )
    return [Failure(method, code, sentence(code, params), num) for method, code, params, num in rows]


def image_states(image_id: int) -> dict[str, tuple[str, str]]:
    """Return state and reason of each method's feature of one image, at the current versions.

    One that waits for its original, held by nobody, is said to be waiting.
    """
    current, found = registry.current_versions(), {}
    rows = Feature.objects.filter(image=image_id)
    for method, version, state, code, params in rows.values_list(
        "method", "version", "state", "error_code", "error_params"
    ):
        if current.get(method) == version:
            rests = code == leases.ORIGINAL_UNAVAILABLE and state == JobState.RUNNING
            found[method] = (JobState.WAITING.value if rests else state, sentence(code, params))
    return found


def look_at_generations() -> tuple[Generation | None, Generation | None]:
    """Return the generation in use, and the newest other one if it is being built or failed since."""
    rows = Generation.objects.filter(
        Q(life=Generation.Life.ACTIVE) | Q(state__in=[JobState.RUNNING, JobState.FAILED])
    ).order_by("-pk")
    active = next((row for row in rows if row.life == Generation.Life.ACTIVE), None)
    newest = rows[0] if rows else None
    return active, newest if newest != active else None


def look_at_reductions(active: Generation | None) -> list[Reduced]:
    """Return the methods of a generation whose rows are scanned with fewer numbers; none where it is damaged."""
    if active is None:
        return []
    try:
        manifest = read_manifest(generation_folder(active.folder), active.pk)
    except IndexDamagedError:
        return []
    return [
        Reduced(name, files.scanned_dim, files.reduced_dim, 100 * (files.variance or 0))
        for name, files in manifest.methods.items()
        if files.reduced_dim
    ]


def look_at_disk() -> Disk:
    """Return the room on the disk that holds DATA_DIR."""
    usage = shutil.disk_usage(_existing(data_folder()))
    return Disk(usage.total, usage.free)


def readiness() -> dict[str, str]:
    """Return what the site needs to serve and take work, each "ok" or the sentence that says what is wrong."""
    checks = {"database": _database_problem(), "storage": _storage_problem()}
    found = look_at_queues()
    checks["redis"] = found.error
    checks["workers"] = "" if found.error else _workers_problem(found)
    return {name: problem or "ok" for name, problem in checks.items()}


def _workers_problem(found: Queues) -> str:
    return _("no worker serves: %(queues)s") % {"queues": ", ".join(found.idle)} if found.idle else ""


def _database_problem() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return str(error)
    return ""


def _storage_problem() -> str:
    folder = data_folder()
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Tried rather than asked: what permissions say is not true of a disk that is full or mounted read-only.
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        return str(error)
    return ""


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
