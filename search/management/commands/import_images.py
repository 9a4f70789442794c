"""`manage.py import_images PATH...`: store files and folders of images."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from gallery.intake.store import store_images
from gallery.reasons import REASONS
from jobs.commands import refusal
from search.background import wait_until_indexed
from search.exceptions import GenerationError
from search.training.library.image_files import find_images

SPEAK_SECONDS = 5.0
"""Pause between two lines of progress where there is no terminal to draw a bar on."""
INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Store files and folders of images. Doing so again is safe: what is known is found by its bytes, and an "
        "interrupted import goes on. Exit code 0; 1 when nothing could be stored; 130 after Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="A file, or a folder with all below it.")
        parser.add_argument("--collection", default="", metavar="NAME", help="Put the images into this collection.")
        parser.add_argument(
            "--label-from-folder", action="store_true", help="Label each image with the name of its folder."
        )
        parser.add_argument("--wait", action="store_true", help="Return once every image can be found.")
        parser.add_argument("--json", action="store_true", help="Print the outcome as JSON.")

    def handle(self, *args: Any, paths: list[str], **options: Any) -> None:
        places = [Path(path).expanduser() for path in paths]
        missing = [str(place) for place in places if not place.exists()]
        if missing:
            raise refusal("places_missing", paths=missing)
        # Listed first: a bar has to know how many there are, and a folder that grows meanwhile must come to an end.
        found = dict(find_images(places))
        if not found:
            raise refusal("no_image_files")
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped by the supervisor as by Ctrl-C
        started_at = time.monotonic()
        counts, reasons = Counter[str](), Counter[str]()
        with ImportProgress(len(found)) as bars:
            try:
                self._store(found, options, counts, reasons, bars)
                if options["wait"]:
                    wait_until_indexed.catch_up(bars.waiting)
            except GenerationError as error:
                raise refusal("images_without_index", because=error) from error
            except KeyboardInterrupt:
                bars.say(f"Stopped after {counts.total()} of {len(found)}; the same command goes on from here.")
                sys.exit(INTERRUPTED)
        self._tell(counts, reasons, time.monotonic() - started_at, as_json=options["json"])
        # What is there already is as good as stored: the same import again is no failure.
        if not counts["stored"] + counts["duplicate"]:
            sys.exit(1)

    def _store(
        self,
        found: dict[Path, str],
        options: dict[str, Any],
        counts: Counter[str],
        reasons: Counter[str],
        bars: ImportProgress,
    ) -> None:
        collections = [options["collection"]] if options["collection"] else []
        label_of = found.__getitem__ if options["label_from_folder"] else lambda _path: ""
        for path, outcome in store_images(found, collections=collections, label_of=label_of):
            counts[outcome.kind] += 1
            if outcome.kind == "refused":
                reasons[outcome.reason] += 1
                bars.say(f"{path}: {dict(REASONS).get(outcome.reason, outcome.reason)}")
            bars.stored(counts.total())

    def _tell(self, counts: Counter[str], reasons: Counter[str], seconds: float, *, as_json: bool) -> None:
        kinds = {kind: counts[kind] for kind in ("stored", "duplicate", "refused")}
        if as_json:
            self.stdout.write(json.dumps({**kinds, "reasons": dict(reasons), "seconds": round(seconds, 2)}))
        else:
            listed = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
            self.stdout.write(f"{listed}, in {seconds:.1f} s.")


class ImportProgress:
    """Tells how far the work is, on standard error: as a bar on a terminal, else as a line now and then."""

    def __init__(self, num_files: int) -> None:
        self._num_files = num_files
        self._console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._storing: TaskID = self._bar.add_task("Storing", total=num_files)
        self._describing: TaskID | None = None
        self._most_waiting = 0
        self._spoke_at = time.monotonic()

    def __enter__(self) -> ImportProgress:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def stored(self, num_done: int) -> None:
        """Tell how many files are through."""
        self._bar.update(self._storing, completed=num_done)
        self._now_and_then(f"{num_done} of {self._num_files} files stored")

    def waiting(self, what: str, num_waiting: int) -> None:
        """Tell what is waited for once the files are stored."""
        if self._describing is None:
            self._describing = self._bar.add_task("", total=num_waiting)
        # Others may upload meanwhile, and a bar must not run backwards.
        self._most_waiting = max(self._most_waiting, num_waiting)
        done, total = self._most_waiting - num_waiting, self._most_waiting
        words = "Computing features" if what == "features" else "Building the index"
        self._bar.update(self._describing, description=words, completed=done, total=total)
        self._now_and_then(f"{words}: {done} of {total}" if what == "features" else words)

    def say(self, line: str) -> None:
        """Write a line that stays."""
        # File names may hold brackets, which rich would take for markup.
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _now_and_then(self, line: str) -> None:
        if not self._console.is_terminal and time.monotonic() - self._spoke_at > SPEAK_SECONDS:
            self._spoke_at = time.monotonic()
            self.say(line)
