"""`manage.py verify_audit [--head HASH:NUMBER] [--json]`: has anybody tampered with the audit log?"""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.errors import sentence
from review.audit import anchors
from review.audit.chain import ChainEnd
from review.audit.verify import MOST_FAULTS, AuditReport, verify
from review.exceptions import AnchorError


class Command(BaseCommand):
    help = (
        "Check every row of the audit against its hash, its number and the row before it, and against the anchors"
        " that were written earlier; print the end of it, to be written down elsewhere. Exit code 0; 1 when anything"
        " was changed, removed, inserted, reordered or cut off; 2 when an anchor cannot be read; 3 when all"
        " is intact and its end cannot be written to the file of anchors."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            metavar="HASH:NUMBER",
            help="An end of the audit that was written down; that row must still be there. May be given many times.",
        )
        parser.add_argument("--json", action="store_true", help="Print what was found as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            known = [ChainEnd.read(text) for text in options["head"]]
        except AnchorError as error:
            raise CommandError(f"--head: {error}", returncode=2) from error
        report = verify(known)
        if options["json"]:
            self.stdout.write(json.dumps(as_document(report)))
        else:
            self._tell(report)
        if not report.intact:
            raise CommandError("The audit is not intact.")
        try:
            anchors.write_anchor(report.end)
        except OSError as error:
            raise CommandError(sentence("anchor_not_written", {"why": str(error)}), returncode=3) from error

    def _tell(self, report: AuditReport) -> None:
        for fault in report.faults:
            where = f"Row {fault.number}: " if fault.number else ""
            self.stdout.write(f"{where}{fault.text} ({fault.kind})")
        if report.num_faults > MOST_FAULTS:
            self.stdout.write(f"... and {report.num_faults - MOST_FAULTS} faults more")
        if report.intact:
            self.stdout.write(f"The audit is intact: {report.num_rows} rows.")
        self.stdout.write(f"Head: {report.end}")


def as_document(report: AuditReport) -> dict[str, Any]:
    """Return what `--json` prints."""
    return {
        "intact": report.intact,
        "rows": report.num_rows,
        "head": str(report.end),
        "num_faults": report.num_faults,
        "faults": [{"number": each.number, "kind": each.kind, "text": each.text} for each in report.faults],
    }
