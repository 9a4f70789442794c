"""`manage.py fetch_weights [--backbone NAME]`: download the weights of the deep method's network."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from jobs.commands import refusal, refused_by
from search.exceptions import WeightsError
from search.methods.model_files import comes_along
from search.methods.weights import Backbone, backbones, fetch, find_backbone

INTERRUPTED = 130
DEEP_OPTIONS: dict[str, Any] = settings.SEARCH_METHOD_OPTIONS["deep"]
TEXTBOOK_BACKBONE = "resnet50"


class Command(BaseCommand):
    help = (
        "Download the weights of a network for the deep method from where Keras publishes them, checked by their "
        "checksum. The compact encoder and lite0 to lite2 come along and need none. A download that was cut off goes "
        "on where it stopped; what is there already is not fetched again. "
        "Exit code 0; 1 when it could not be done; 130 after Ctrl-C."
    )
    # A check may complain of the very file that is about to be fetched.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--backbone",
            default=TEXTBOOK_BACKBONE if comes_along(DEEP_OPTIONS["backbone"]) else DEEP_OPTIONS["backbone"],
            metavar="NAME",
            help="A network of keras.applications; without it, the one that DEEP_BACKBONE names, or ResNet50 where "
            "that one comes along (%(default)s).",
        )
        parser.add_argument("--list", action="store_true", help="List the networks and leave.")
        parser.add_argument("--json", action="store_true", help="Print the outcome as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self._list(as_json=options["json"])
            return
        if comes_along(options["backbone"]):
            raise refusal("comes_along", backbone=options["backbone"])
        try:
            backbone = find_backbone(options["backbone"])
            path = self._fetch(backbone)
        except WeightsError as error:
            raise refused_by(error) from error
        except KeyboardInterrupt:
            self.stderr.write("Stopped; the same command goes on from here.")
            sys.exit(INTERRUPTED)
        if options["json"]:
            outcome = {"backbone": backbone.name, "path": str(path), "checksum": backbone.checksum}
            self.stdout.write(json.dumps(outcome))
            return
        self.stdout.write(f"The weights of {backbone.name} are in {path}.")
        self._say_what_else(backbone)

    def _fetch(self, backbone: Backbone) -> Path:
        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task(backbone.name, total=None)
            return fetch(
                backbone,
                Path(DEEP_OPTIONS["weights_dir"]),
                lambda done, total: bar.update(task, completed=done, total=total),
            )

    def _say_what_else(self, backbone: Backbone) -> None:
        """Say when the file will not be used as things are set."""
        used = DEEP_OPTIONS
        if used["weights"] is not None:
            self.stdout.write(f"DEEP_WEIGHTS={used['weights']} is set and comes first; unset it to use this file.")
        elif comes_along(used["backbone"]) or find_backbone(used["backbone"]) is not backbone:
            self.stdout.write(f"To use them, set DEEP_BACKBONE={backbone.name.lower()}.")
        else:
            self.stdout.write("Running workers take them up within a minute and describe all images by them.")

    def _list(self, *, as_json: bool) -> None:
        known = list(backbones().values())
        if as_json:
            rows = [{"backbone": each.name, "side": each.side, "fetchable": bool(each.checksum)} for each in known]
            self.stdout.write(json.dumps(rows))
            return
        for each in known:
            note = "" if each.checksum else "  (no published checksum: use a file of your own by DEEP_WEIGHTS)"
            self.stdout.write(f"{each.name:<20} {each.side} px{note}")
