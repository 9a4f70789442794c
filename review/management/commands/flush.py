"""`manage.py flush`: Django's own, which empties the whole database, audit log and verdicts included."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush

from review.audit import triggers


class Command(flush.Command):
    """Emptying everything is the one act that the triggers on decisions and audit must let pass."""

    help = flush.Command.help + " Also removes all verdicts and the audit. Exit code 0; 1 when it could not be done."

    def handle(self, **options: Any) -> None:
        with triggers.lifted(options["database"]):
            super().handle(**options)
