"""`manage.py doctor [--json]`: what is in use here, and what is missing."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from search.background.diagnosis import diagnose

MARKS = {"ok": "ok     ", "note": "note   ", "missing": "MISSING"}


class Command(BaseCommand):
    help = "Tell what is in use on this machine and what is missing; exit code 1 when something required is missing."
    # It reports them itself; as a refusal to start, the first of them would hide the rest.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the findings as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = diagnose()
        complete = all(finding.state != "missing" for finding in findings)
        if options["json"]:
            self.stdout.write(json.dumps({"ok": complete, "findings": [asdict(finding) for finding in findings]}))
        else:
            for finding in findings:
                self.stdout.write(f"{MARKS[finding.state]}  {finding.name:<14} {finding.text}")
        if not complete:
            sys.exit(1)
