"""`manage.py build_map [--method NAME] [--refit] [--json]`: draw the maps of the library, or bring them up to date."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from jobs.commands import refused_by
from search.exceptions import MapError
from search.map import building
from search.map.building import Drawn


class Command(BaseCommand):
    help = "Draw the maps of the library; those in use serve until then. Exit code 1: none was drawn."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--method", action="append", default=[], metavar="NAME", help="Also draw this method's map."
        )
        parser.add_argument("--refit", action="store_true", help="Lay out again instead of placing what is new.")
        parser.add_argument("--json", action="store_true", help="Print the outcome as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("Drawing", total=1.0)
            try:
                drawn = building.draw(
                    options["method"],
                    refit=options["refit"],
                    observer=lambda text, share: bar.update(task, description=text, completed=share),
                )
            except MapError as error:
                raise refused_by(error) from error
        self._tell(drawn, time.monotonic() - started, as_json=options["json"])

    def _tell(self, drawn: list[Drawn], seconds: float, *, as_json: bool) -> None:
        if as_json:
            maps = [asdict(each) | {"seconds": round(each.seconds, 2)} for each in drawn]
            self.stdout.write(json.dumps({"maps": maps, "seconds": round(seconds, 2)}))
            return
        for each in drawn:
            how = (
                f"laid out {each.num_fitted}, placed {each.num_placed}"
                if each.num_fitted
                else f"placed {each.num_placed}"
            )
            self.stdout.write(f"{each.method}: {each.num_images} images, {how}; {each.seconds:.1f} s.")
