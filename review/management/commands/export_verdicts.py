"""`manage.py export_verdicts [FILE] [--current] [--json]`: write the decisions about pairs of images."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from gallery.audit_events import Action, log_act
from jobs.files import whole_file
from review.models import Verdict
from review.verdicts.import_export import CSV_SUFFIX, JSON_SUFFIX, write_csv, write_json
from review.verdicts.record import current

BATCH = 2000
WRITERS = {CSV_SUFFIX: write_csv, JSON_SUFFIX: write_json}


class Command(BaseCommand):
    help = (
        "Write all verdicts ever made, oldest first, as `import_verdicts` reads them. Exit code 1 when the file cannot"
        " be written."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", nargs="?", default="", metavar="FILE", help="A .csv or .json file; without it, standard output."
        )
        parser.add_argument("--current", action="store_true", help="Only those that count: each author's newest.")
        parser.add_argument("--json", action="store_true", help="JSON instead of CSV on standard output.")

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        path = Path(file)
        if file and path.suffix.lower() not in WRITERS:
            raise CommandError(f"Expected a .csv or a .json file, got {path.name}.", returncode=2)
        rows = current() if options["current"] else Verdict.objects.all()
        verdicts = rows.order_by("decided_at", "pk").iterator(BATCH)
        # Before the file: rows on standard output cannot be taken back if the record then fails.
        with transaction.atomic():
            log_act(None, Action.EXPORT, "verdicts", act="command", current=options["current"], verdicts=rows.count())
        if not file:
            self.stdout.ending = ""  # the writers end their lines themselves
            (write_json if options["json"] else write_csv)(self.stdout, verdicts)
            return
        try:
            number = self._write(path, verdicts)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror or error}.") from error
        self.stdout.write(f"{number} verdicts written to {path}.")

    def _write(self, path: Path, verdicts: Iterator[Verdict]) -> int:
        with whole_file(path) as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
            return WRITERS[path.suffix.lower()](text, verdicts)
