"""What is done again and again: what a dead worker, an emptied Redis or a killed server left behind is taken up.

Apps register their steps. The reconciler goes through all of them in each of its rounds, after those of the kinds of
background work; a worker does some of them as soon as it has built a generation, and others when it starts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

from django.db import Error as DatabaseError
from django.db import close_old_connections

from jobs.job import KINDS

Step = Callable[[], int]
"""Takes up what was left behind and returns how much that was; may come twice, beside its twin, or not at all."""

WorkerStart = Callable[[str], None]
"""Loads what the jobs of a queue need, given its name."""

_steps: dict[str, Step] = {}
_after_build: dict[str, Step] = {}
_worker_starts: dict[str, WorkerStart] = {}
logger = logging.getLogger(__name__)


def register(*steps: Step, after_build: bool = False) -> None:
    """Have steps done in every round of the reconciler, and if wanted after every build of a generation."""
    for step in steps:
        _steps[step.__qualname__] = step  # by name: a module that is loaded twice registers once
        if after_build:
            _after_build[step.__qualname__] = step


def on_worker_start(start: WorkerStart) -> None:
    """Have this done by every worker before its first job."""
    _worker_starts[start.__qualname__] = start


def worker_starts() -> tuple[WorkerStart, ...]:
    """Return what a worker does before its first job."""
    return tuple(_worker_starts.values())


def steps() -> tuple[Step, ...]:
    """Return what the reconciler does besides resuming jobs."""
    return tuple(_steps.values())


def steps_after_build() -> tuple[Step, ...]:
    """Return what a worker does once a generation is built."""
    return tuple(_after_build.values())


def reconcile() -> None:
    """Go through every kind of left-over once; a kind that fails is logged and does not stop the others."""
    for name, step in _all_steps():
        try:
            num_repaired = step()
        # No more than these: an error in our own code should end the process and be seen, not be logged every 30 s.
        except (DatabaseError, OSError):
            logger.exception("%s failed; it is tried again in the next round", name)
        else:
            if num_repaired:
                logger.info("%s: %d", name, num_repaired)


def reconcile_forever(pause_seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
    """Reconcile again and again."""
    while True:
        # Django does this after a request, and here is none: a restarted database has ended the old connections.
        close_old_connections()
        reconcile()
        sleep(pause_seconds)


def _all_steps() -> Iterator[tuple[str, Step]]:
    yield from [(f"resume {name}", kind.resume) for name, kind in KINDS.items()]
    yield from [(step.__name__, step) for step in steps()]
