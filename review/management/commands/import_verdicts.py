"""`manage.py import_verdicts FILE [--author NAME] [--json]`: record decisions that were made elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from review.exceptions import VerdictError
from review.verdicts.import_export import read_file, record_all


class Command(BaseCommand):
    help = (
        "Record the verdicts of a .csv or .json file, all or none; what is recorded already is left out. Exit code 1"
        " when the file cannot be read or a row of it is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="A file such as `export_verdicts` writes.")
        parser.add_argument(
            "--author", default="import", metavar="NAME", help="Author where the file names none (default import)."
        )
        parser.add_argument("--json", action="store_true", help="Print the numbers as JSON.")

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        try:
            recorded, known = record_all(read_file(Path(file), options["author"]))
        except VerdictError as error:
            raise CommandError(f"{error} Nothing was recorded.") from error
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror or error}. Nothing was recorded.") from error
        if options["json"]:
            self.stdout.write(json.dumps({"recorded": recorded, "known": known}))
        else:
            self.stdout.write(f"{recorded} verdicts recorded, {known} known already.")
