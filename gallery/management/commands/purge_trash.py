"""`manage.py purge_trash [--all]`: delete for good what lies in the trash."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import Progress

from gallery.batches import BATCH
from gallery.curation import visibility
from gallery.models import IN_TRASH, Image


class Command(BaseCommand):
    help = (
        "Delete for good, with their files, the images that have been in the trash for TRASH_DAYS; the running site"
        " does so by itself. Exit code 0."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="Everything in the trash, however short it lies there.")
        parser.add_argument("--json", action="store_true", help="Print the outcome as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        trashed = Image.objects.filter(IN_TRASH) if options["all"] else visibility.expired()
        console = Console(stderr=True)
        num_purged = 0
        with Progress(console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("Deleting", total=trashed.count())
            # Asked again for each part: what was deleted has left the list, what was restored as well.
            while part := list(trashed.order_by("trashed_at", "pk").values_list("pk", flat=True)[:BATCH]):
                num_purged += visibility.purge(part, None)
                bar.update(task, completed=num_purged)
        num_left = Image.objects.filter(IN_TRASH).count()
        if options["json"]:
            self.stdout.write(json.dumps({"deleted": num_purged, "left": num_left}))
        else:
            self.stdout.write(f"{num_purged} deleted for good, {num_left} left in the trash.")
