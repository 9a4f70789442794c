"""What a worker says of the row that it holds, while it works on it."""

from __future__ import annotations

import time
from typing import Any, Generic, Protocol, TypeVar

from django.db.models import QuerySet
from django.utils import timezone

from jobs.leases import lease_end
from jobs.rows import JobRow, JobState

SECONDS = 1.0
"""Progress is written at most this often."""
FIRST_ATTEMPT = 1
Row = TypeVar("Row", bound=JobRow)


class Tell(Protocol):
    """Whatever is told how far a piece of work has come."""

    def __call__(self, phase: str, done: int, total: int, /) -> None: ...


class JobStoppedError(Exception):
    """Somebody stopped the work, or another worker has taken it over: what is left of it is of no use."""


class Progress(Generic[Row]):
    """Keeps progress on the row for other processes to see, and holds the row meanwhile.

    Each of its methods raises JobStoppedError once the row is not this worker's any more.
    """

    def __init__(self, row: Row, lease_seconds: float | None = None, tell: Tell | None = None) -> None:
        self.row = row
        self.finished = False
        self._seconds, self._tell, self._next = lease_seconds, tell, 0.0

    def __call__(self, phase: str, done: int, total: int, /, **values: Any) -> None:
        """Say how far the work has come: a code of what is being done, and so many parts of so many.

        `values` are those of other columns that tell of it.
        """
        if self._tell:
            self._tell(phase, done, total)
        # Work reports each image or pair; written every time, the row would cost more than the work.
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SECONDS
            self.keep(phase=phase, num_done=done, num_total=total, **values)

    def keep(self, **values: Any) -> None:
        """Write values on the row now, and hold it longer."""
        self._write(leased_until=lease_end(self._seconds), **values)

    def advance(self, **values: Any) -> None:
        """Write how far work has come that the next attempt goes on from: the attempts before it were not in vain.

        The limit of attempts is then one without any progress, so that long work outlives many interruptions.
        """
        self.keep(attempts=FIRST_ATTEMPT, **values)

    def finish(self, **values: Any) -> None:
        """Write the last values and say that the work is done; within a transaction, so is all else or nothing."""
        now = timezone.now()
        fresh = {"lease": None, "leased_until": None, "phase": "", "error_code": "", "error_params": None}
        self._write(**{**fresh, **values, "state": JobState.READY, "finished_at": now})
        self.finished = True

    def _write(self, **values: Any) -> None:
        held: QuerySet[Row] = type(self.row)._default_manager.filter(
            pk=self.row.pk, lease=self.row.lease, state=JobState.RUNNING
        )
        # The update itself asks whether the row is still ours; a look beforehand could be out of date by then.
        if not held.update(heartbeat_at=timezone.now(), **values):
            raise JobStoppedError
        for name, value in values.items():
            setattr(self.row, name, value)
