"""What the drawing of maps is doing, in a file that every process reads; a lock says whether it really goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from jobs.files import write_json
from jobs.locks import is_locked, try_lock

STATE, LOCK = "state.json", ".lock"
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 60.0, 3600.0
LOCK_WAIT_SECONDS = 2.0
"""Another process may look for a moment whether the lock is held."""
MAX_ERROR = 300
INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class MapState:
    """Where the drawing stands."""

    running: bool = False
    method: str = ""  # being drawn, or that failed
    text: str = ""  # what is being done
    share: float = 0.0  # 0..1
    error: str = ""  # why the last drawing failed; empty: it did not
    num_failures: int = 0  # in a row
    ended_at: float = 0.0  # seconds since 1970
    seconds: float = 0.0  # that the last drawing took

    @property
    def pausing(self) -> bool:
        """Whether the next drawing should wait: after failures a minute, then twice as long each time."""
        if not self.num_failures:
            return False
        pause = min(FIRST_PAUSE_SECONDS * 2 ** min(self.num_failures - 1, 10), LONGEST_PAUSE_SECONDS)
        return bool(time.time() < self.ended_at + pause)


def read_state(root: Path) -> MapState:
    """Return the state; one that says "running" without a process that does so is told as interrupted."""
    state = _read(root)
    if state.running and not is_locked(root / LOCK):
        return MapState(
            method=state.method,
            error=INTERRUPTED,
            num_failures=state.num_failures + 1,
            ended_at=(root / STATE).stat().st_mtime,
        )
    return state


def write_state(root: Path, state: MapState) -> None:
    """Put a new state in the place of the old one."""
    write_json(root / STATE, asdict(state), durable=False)


@contextmanager
def exclusive(root: Path) -> Iterator[bool]:
    """Hold the lock of the folder, which ends with the process however that ends; False where another keeps it."""
    root.mkdir(parents=True, exist_ok=True)
    with try_lock(root / LOCK, LOCK_WAIT_SECONDS) as gained:
        yield gained


def _read(root: Path) -> MapState:
    try:
        return MapState(**json.loads((root / STATE).read_text()))
    except (OSError, ValueError, TypeError):
        return MapState()
