"""What the drawing of maps is doing, as its rows tell it, and the lock that keeps two drawings apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone
from django.utils.translation import gettext_lazy

from jobs.locks import try_lock
from jobs.rows import JobState
from search.models import MapDrawing

LOCK = ".lock"
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
LOCK_WAIT_SECONDS = 2.0
"""Another process may look for a moment whether the lock is held."""
MOST_COUNTED = 10
STEPS = 1000
"""Parts of the whole that progress is counted in."""
PHASES = {
    "reading": gettext_lazy("reading"),
    "directions": gettext_lazy("principal directions"),
    "laying_out": gettext_lazy("laying out %(num)d images"),
    "placing": gettext_lazy("placing %(num)d images"),
    "thumbnails": gettext_lazy("thumbnails: %(num)d of %(all)d"),
}


@dataclass(frozen=True, slots=True)
class MapState:
    """Where the drawing stands."""

    running: bool = False
    text: str = ""  # what is being done
    share: float = 0.0  # 0..1
    error: str = ""  # why the last drawing failed; empty: it did not
    num_failures: int = 0  # in a row
    ended_at: datetime | None = None  # the last drawing

    @property
    def pausing(self) -> bool:
        """Whether the next drawing should wait: after failures a minute, then twice as long each time."""
        if not self.num_failures or self.ended_at is None:
            return False
        pause = min(FIRST_PAUSE * 2 ** (self.num_failures - 1), LONGEST_PAUSE)
        return bool(timezone.now() < self.ended_at + pause)


def read_state() -> MapState:
    """Return where the drawing stands. One query."""
    rows = list(MapDrawing.objects.all()[:MOST_COUNTED])
    running = next((row for row in rows if row.state == JobState.RUNNING), None)
    ended = [row for row in rows if row.state not in (JobState.WAITING, JobState.RUNNING)]
    failures = 0
    while failures < len(ended) and ended[failures].state == JobState.FAILED:
        failures += 1
    return MapState(
        running=running is not None,
        text=phase_words(running.phase, running.numbers) if running else "",
        share=running.num_done / max(running.num_total, 1) if running else 0.0,
        error=ended[0].error_sentence if ended else "",
        num_failures=failures,
        ended_at=ended[0].finished_at if ended else None,
    )


def last_seconds() -> float:
    """Return how long the last drawing took that succeeded."""
    return MapDrawing.objects.filter(state=JobState.READY).values_list("seconds", flat=True).first() or 0.0


def phase_words(phase: str, numbers: Mapping[str, int]) -> str:
    """Return what is being done, in words."""
    try:
        return str(PHASES.get(phase, phase)) % numbers
    except KeyError:
        return phase


@contextmanager
def exclusive(root: Path) -> Iterator[bool]:
    """Hold the lock of the folder, which ends with the process however that ends; False where another keeps it."""
    root.mkdir(parents=True, exist_ok=True)
    with try_lock(root / LOCK, LOCK_WAIT_SECONDS) as gained:
        yield gained
