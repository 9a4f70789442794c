"""Progress of long work on standard error: bars on a terminal, else a line now and then."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

SPEAK_SECONDS = 5.0
"""Pause between two lines of progress where there is no terminal to draw a bar on."""


class ProgressBars:
    """One bar for each thing that is done."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._tasks: dict[str, TaskID] = {}
        self._spoke_at = time.monotonic()

    def __enter__(self) -> ProgressBars:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def progress(self, what: str, done: int, total: int) -> None:
        """Tell how much of something is done."""
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what[:1].upper() + what[1:], total=total)
        self._bar.update(self._tasks[what], completed=done)
        if not self._console.is_terminal and time.monotonic() - self._spoke_at > SPEAK_SECONDS:
            self._spoke_at = time.monotonic()
            self.say(f"{what}: {100 * done / max(1, total):.0f} %")

    def say(self, line: str) -> None:
        """Write a line that stays."""
        # Lines of other programs, as they are: a path in brackets would be taken for markup.
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
