"""`manage.py build_index [--json]`: build and publish a generation of all features that are ready."""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from jobs.commands import refused_by
from search.exceptions import GenerationError
from search.generations import build
from search.models import Generation


class Command(BaseCommand):
    help = "Build, verify and publish the search index; the one in use serves until then. Exit code 1: none was built."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the outcome as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("Building", total=1.0)
            try:
                row = build.build(lambda text, share: bar.update(task, description=text, completed=share))
            except GenerationError as error:
                raise refused_by(error) from error
        self._tell(row, time.monotonic() - started, as_json=options["json"])

    def _tell(self, row: Generation, seconds: float, *, as_json: bool) -> None:
        found = {
            "generation": row.pk,
            "images": row.num_images,
            "methods": row.versions,
            "backend": row.backend,
            "recall": row.recall,
            "seconds": round(seconds, 2),
        }
        if as_json:
            self.stdout.write(json.dumps(found))
            return
        searched = ", ".join(f"{name} {value:.3f}" for name, value in row.recall.items()) or "search is exact"
        self.stdout.write(
            f"Generation {row.pk}: {row.num_images} images, {', '.join(row.versions)}; recall@20: {searched};"
            f" {seconds:.1f} s."
        )
