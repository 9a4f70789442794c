"""Kinds of background work: a row class, a function under `@job`, and one protocol for all of them.

The function is given the row and its `Progress`, and returns the values that the finished row gets. What it raises
becomes the row's code (see `jobs.guard`). A job whose worker dies goes on by itself, up to a limit of attempts; then
it fails with the code `worker_lost`, and somebody may have it tried again. A job in Redis is a hint with a name of its
own: it may be lost, come twice, or run beside its twin.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Protocol

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from rq.timeouts import JobTimeoutException

from jobs import transport
from jobs.errors import TIMED_OUT, UNFORESEEN, WORKER_LOST, unforeseen
from jobs.guard import OF_THE_MACHINE, Failure, PutOffError, guarded
from jobs.leases import claimable, expired, lease_end, new_token, tokens_of_place
from jobs.progress import JobStoppedError, Progress, Row, Tell
from jobs.rows import ACTIVE, ENDED, JobState

LATE_AFTER = timedelta(seconds=10)
"""What still waits after this time has probably lost its job."""
SENT_AT_ONCE = 1000
"""Rows of one kind that are sent again in one round."""
FREE = {"lease": None, "leased_until": None}
logger = logging.getLogger(__name__)


class AnyKind(Protocol):
    """What workers and the reconciler know of a kind of work."""

    @property
    def name(self) -> str: ...
    def run(self, pk: Any) -> None: ...
    def resume(self) -> int: ...
    def reclaim(self, *, counts: bool = True) -> int: ...


KINDS: dict[str, AnyKind] = {}
Function = Callable[[Row, Progress[Row]], Mapping[str, Any] | None]
Hook = Callable[[Row], None]


@dataclass(frozen=True, eq=False)
class Kind(Generic[Row]):
    """One kind of work on rows of one class.

    Attributes
    ----------
    name : in the names of jobs and in the log: letters, digits, underscores
    row, queue : the class of its rows, and the queue whose worker does it
    work : given a row and its progress; returns what is written on the row when it is ready
    lease_seconds : how long a worker may be silent; None: as the settings say
    before : done before each attempt, for instance to discard what an interrupted one left
    ended : done once the row failed or was stopped
    """

    name: str
    row: type[Row]
    queue: str
    work: Function[Row]
    lease_seconds: float | None = None
    before: Hook[Row] | None = None
    ended: Hook[Row] | None = None

    @property
    def rows(self) -> QuerySet[Row]:
        return self.row._default_manager.all()

    # For those who ask

    def ask(self, **values: Any) -> Row:
        """Make a row and send it to a worker once the transaction at hand is committed."""
        row = self.rows.create(**values)
        self.send(row.pk)
        return row

    def send(self, pk: Any) -> bool:
        """Tell a worker of a row, after the commit; False when Redis is down: the reconciler will see to it."""
        # Redis holds names and keys as JSON, no pickled functions: the worker looks the kind up in KINDS.
        key = str(pk)
        return transport.send_after_commit(self.queue, f"{__name__}.run", self.name, key, job_id=self.job_id(key))

    def job_id(self, pk: Any) -> str:
        """Return the name of a row's job, always the same: what waits already is not sent again."""
        return f"{self.name}-{pk}"

    def active(self) -> Row | None:
        """Return the oldest row that waits or runs."""
        return self.rows.filter(state__in=ACTIVE).order_by("created_at").first()

    def stop(self, pk: Any) -> bool:
        """Stop what waits or runs; False when it does neither any more."""
        # A worker in the midst of it is not interrupted: its next progress finds that the row is no longer its own.
        return self._end(self.rows.filter(pk=pk, state__in=ACTIVE), JobState.STOPPED)

    def retry(self, pk: Any) -> bool:
        """Have what failed or was stopped tried again from now on; False when it did neither."""
        fresh = {"attempts": 0, "error_code": "", "error_params": None, "phase": "", "finished_at": None}
        # heartbeat_at is set by hand here and below: update() passes over auto_now.
        ended = self.rows.filter(pk=pk, state__in=ENDED)
        if not ended.update(state=JobState.WAITING, heartbeat_at=timezone.now(), **FREE, **fresh):
            return False
        self.send(pk)
        return True

    # For workers

    def claim(self, pk: Any) -> Row | None:
        """Take a row that waits, or that was held too long; None when it is in other hands or done."""
        now, token = timezone.now(), new_token()
        # One conditional statement, so that only one of two workers gets the row. The attempt is counted at its start:
        # what kills every worker would be tried for ever otherwise.
        claimed = self.rows.filter(claimable(), pk=pk).update(
            state=JobState.RUNNING,
            lease=token,
            leased_until=lease_end(self.lease_seconds),
            attempts=F("attempts") + 1,
            started_at=now,
            heartbeat_at=now,
        )
        return self.rows.get(pk=pk) if claimed else None

    def run(self, pk: Any, tell: Tell | None = None) -> None:
        """Do what a row asks for, unless somebody does so already; what goes wrong is kept on the row.

        `tell` is told of the progress as well. Whoever interrupts this from the keyboard stops the row.

        Raises
        ------
        JobTimeoutException : the worker's time is over; the row says so
        """
        if row := self.claim(pk):
            self._attempt(row, Progress(row, self.lease_seconds, tell))

    def _attempt(self, row: Row, progress: Progress[Row]) -> None:
        try:
            outcome = guarded(lambda: self._work(row, progress), f"{self.name} {row.pk}")
            if isinstance(outcome, Failure):
                self._fail(row, outcome.code, outcome.params)
        except JobStoppedError:
            logger.info("%s %s was stopped or taken over", self.name, row.pk)
        except JobTimeoutException:
            self._fail(row, TIMED_OUT)
            raise
        except PutOffError as error:
            self._put_off(row, error)
        except OF_THE_MACHINE as error:
            logger.exception("%s %s was interrupted", self.name, row.pk)
            # While the database is away this fails as well; then the lease runs out, which comes to the same.
            self._try_again(row, error)
        except KeyboardInterrupt:
            self.stop(row.pk)
            raise
        except SystemExit:  # how RQ ends a worker that was told twice to stop
            self._give_back(row)
            raise

    def _work(self, row: Row, progress: Progress[Row]) -> None:
        if self.before:
            self.before(row)
        values = self.work(row, progress)
        if not progress.finished:  # the work may have finished the row itself, in a transaction with more
            progress.finish(**(values or {}))

    def _held(self, row: Row) -> QuerySet[Row]:
        # Both may have changed: whoever stops a row clears its lease, and whoever takes it over writes another.
        return self.rows.filter(pk=row.pk, lease=row.lease, state=JobState.RUNNING)

    def _fail(self, row: Row, code: str, params: Mapping[str, Any] | None = None) -> None:
        self._end(self._held(row), JobState.FAILED, code, params)

    def _put_off(self, row: Row, error: PutOffError) -> None:
        """Let a row rest in nobody's hands until its time is over, as if it were held."""
        if error.counts and row.attempts >= settings.ENV.max_attempts:
            self._fail(row, error.code, error.params)
            return
        logger.warning("%s %s is put off: %s", self.name, row.pk, error)
        now = timezone.now()
        self._held(row).update(
            # Without a lease of any worker, so that a successor in this place does not end the pause.
            lease=None,
            leased_until=now + error.pause,
            attempts=F("attempts") - (0 if error.counts else 1),  # the claim has counted it
            error_code=error.code,
            error_params=dict(error.params),
            heartbeat_at=now,
        )

    def _try_again(self, row: Row, error: Exception) -> None:
        if row.attempts >= settings.ENV.max_attempts:
            self._fail(row, UNFORESEEN, unforeseen(error))
        else:
            # Not sent again here: until the reconciler's next round the database or the memory may have recovered.
            self._held(row).update(state=JobState.WAITING, heartbeat_at=timezone.now(), **FREE)

    def _give_back(self, row: Row) -> None:
        """Let a row wait again whose worker was asked to end: that was no attempt."""
        self._held(row).update(state=JobState.WAITING, attempts=F("attempts") - 1, heartbeat_at=timezone.now(), **FREE)

    def _end(
        self, rows: QuerySet[Row], state: JobState, code: str = "", params: Mapping[str, Any] | None = None
    ) -> bool:
        # Read before the update, after which the rows no longer match their own filter. Another process may end or
        # claim one in between; that one is not ours to tidy up.
        found = list(rows) if self.ended else []
        now = timezone.now()
        about = {"error_code": code, "error_params": dict(params) if params else None}
        done = rows.update(state=state, phase="", finished_at=now, heartbeat_at=now, **FREE, **about)
        for row in found:
            if self.ended and self.rows.filter(pk=row.pk, state=state).exists():
                self.ended(row)
        return bool(done)

    # For the reconciler

    def resume(self) -> int:
        """Free what dead workers held, give up what was tried too often, and send what waits without a job."""
        num_repaired = self.free_lost()
        self.send_waiting()
        return num_repaired

    def free_lost(self) -> int:
        """Let rows wait again that were held too long; those that were tried too often fail. Returns how many."""
        most = settings.ENV.max_attempts
        # Waiting ones as well: once MAX_ATTEMPTS is lowered, claimable() refuses them and they would wait for ever.
        tired = self.rows.filter(expired() | Q(state=JobState.WAITING), attempts__gte=most)
        num_failed = tired.count()
        if num_failed:
            self._end(tired, JobState.FAILED, WORKER_LOST, {"attempts": most})
        return num_failed + self.rows.filter(expired()).update(state=JobState.WAITING, **FREE)

    def send_waiting(self) -> int:
        """Send the rows again that wait although nothing in the queue is about them, oldest first."""
        # A young row's job is probably on its way. What was tried before has none: its job ended with that attempt.
        unbegun_late = Q(heartbeat_at__lt=timezone.now() - LATE_AFTER) | Q(attempts__gt=0)
        late = self.rows.filter(unbegun_late, state=JobState.WAITING)
        keys = list(late.order_by("created_at").values_list("pk", flat=True)[:SENT_AT_ONCE])
        queued = transport.queued_ids(self.queue) if keys else None
        if queued is None:
            return 0
        return sum(self.send(pk) for pk in keys if self.job_id(pk) not in queued)

    def reclaim(self, *, counts: bool = True) -> int:
        """Free at once what a dead predecessor in this worker's place still holds; returns how much it was.

        Where it `counts` not, that was no attempt.
        """
        held = self.rows.filter(state=JobState.RUNNING, lease__range=tokens_of_place())
        attempts = F("attempts") - (0 if counts else 1)
        # Expired rather than freed, so that free_lost alone decides which were tried too often.
        num_held = held.update(leased_until=timezone.now() - timedelta(seconds=1), attempts=attempts)
        if num_held:
            self.free_lost()
            for pk in self.rows.filter(state=JobState.WAITING).values_list("pk", flat=True)[:SENT_AT_ONCE]:
                self.send(pk)
        return num_held


def job(
    row: type[Row],
    *,
    queue: str,
    name: str,
    lease_seconds: float | None = None,
    before: Hook[Row] | None = None,
    ended: Hook[Row] | None = None,
) -> Callable[[Function[Row]], Kind[Row]]:
    """Make a kind of work of a function, known by its name to workers and to the reconciler; see `Kind`."""

    def register(work: Function[Row]) -> Kind[Row]:
        kind = Kind(name, row, queue, work, lease_seconds, before, ended)
        KINDS[name] = kind
        return kind

    return register


def run(name: str, pk: str) -> None:
    """Do what a row asks for: what workers are sent."""
    KINDS[name].run(pk)


def reclaim(*, counts: bool = True) -> int:
    """Free at once, whatever its kind, what a dead predecessor in this worker's place still holds."""
    return sum(kind.reclaim(counts=counts) for kind in KINDS.values())
