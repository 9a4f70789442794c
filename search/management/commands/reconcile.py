"""`manage.py reconcile [--every SECONDS]`: take up what was left behind."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs import periodic


class Command(BaseCommand):
    help = "Take up what a dead worker, an emptied Redis or a killed server left behind."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="Do so again and again, with this pause.")

    def handle(self, *args: Any, every: float | None, **options: Any) -> None:
        if every is None:
            periodic.reconcile()
            return
        # As an exception, so that what is open is rolled back and closed; by default the process just ends.
        signal.signal(signal.SIGTERM, _leave)
        periodic.reconcile_forever(every)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
