"""`manage.py evaluate [--collection NAME] [--json]`: measure search by the labels of the library."""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from gallery.models import Collection
from search import scoreboard
from search.evaluation import Figures
from search.exceptions import SearchError
from search.scoreboard import Scoreboard

WORDS = {"guide": "The guide's histograms", "queries": "Queries"}


class Command(BaseCommand):
    help = (
        "Measure mAP and precision of every method and of the fusion by the labels of the images, which"
        " `import_images --label-from-folder` sets. Exit code 1 when there is nothing to measure."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--collection", default="", metavar="NAME", help="Measure this collection only.")
        parser.add_argument(
            "--max-queries", type=int, default=2000, metavar="N", help="Query with so many images (default 2000)."
        )
        parser.add_argument("--json", action="store_true", help="Print the figures as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["max_queries"] < 1:
            raise CommandError(f"--max-queries: expected at least 1, got {options['max_queries']}", returncode=2)
        collection_id = None
        if options["collection"]:
            collection_id = Collection.objects.filter(name=options["collection"]).values_list("pk", flat=True).first()
            if collection_id is None:
                raise CommandError(f"There is no collection {options['collection']!r}.")
        started = time.monotonic()
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            tasks: dict[str, TaskID] = {}

            def progress(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bar.add_task(WORDS[what], total=total)
                bar.update(tasks[what], completed=done)

            try:
                found = scoreboard.measure(collection_id, options["max_queries"], progress)
            except SearchError as error:
                raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(as_document(found)))
        else:
            self._tell(found, time.monotonic() - started)

    def _tell(self, found: Scoreboard, seconds: float) -> None:
        self.stdout.write(f"{'':<24}{'mAP':>8}{'P@1':>8}{'P@5':>8}")
        titles = {"methods": "", "fused": "fused, ", "reference": "reference, "}
        for part, title in titles.items():
            figures: dict[str, Figures] = getattr(found, part)
            for name, values in figures.items():
                numbers = f"{values.map:8.3f}{values.p_at_1:8.3f}{values.p_at_5:8.3f}"
                self.stdout.write(f"{title + name:<24}{numbers}")
        self.stdout.write(
            f"{found.num_images} images, {found.num_labels} labels, {found.num_queries} queries, {seconds:.1f} s."
        )


def as_document(found: Scoreboard) -> dict[str, Any]:
    """Return the figures as `--json` prints them."""
    parts = {"methods": found.methods, "fused": found.fused, "reference": found.reference}
    figures = {part: {name: values.as_dict() for name, values in named.items()} for part, named in parts.items()}
    return {"images": found.num_images, "labels": found.num_labels, "queries": found.num_queries, **figures}
