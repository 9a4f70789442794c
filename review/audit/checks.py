"""Checks of the audit: asked for on its page, and done once a day by the reconciler."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from review.audit import anchors, chain
from review.audit.verify import AuditReport, verify
from review.models import AuditCheck

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CHECK_EVERY = timedelta(days=1)
AT_ONCE_ROWS = 20_000
"""Up to so many rows a check takes well below a second, so people need not wait for the reconciler."""
KEPT = 100
logger = logging.getLogger(__name__)


def ask(user: User) -> AuditCheck:
    """Want a check: it is done at once while the audit is small, otherwise in the next round of the reconciler."""
    waiting = AuditCheck.objects.filter(done_at=None).first()
    row = waiting or AuditCheck.objects.create(asked_by=user)
    if chain.chain_end().number <= AT_ONCE_ROWS:
        do(row)
    return row


def do(row: AuditCheck) -> AuditReport:
    """Check the audit, keep what came of it, and note its end if it is intact."""
    report = verify()
    row.done_at = timezone.now()
    row.number, row.hash, row.num_faults = report.head.number, report.head.hash, report.num_faults
    row.faults = [asdict(fault) for fault in report.faults]
    row.save()
    if report.intact:
        anchors.write_anchor(report.head)
    else:
        logger.error("the audit is not intact: %d faults, first %s", report.num_faults, report.faults[0])
    return report


def check_audit() -> int:
    """Do the checks that are asked for, and one a day; a step of the reconciler.

    Returns
    -------
    num_done : how many checks were done
    """
    waiting = list(AuditCheck.objects.filter(done_at=None))
    fresh = AuditCheck.objects.filter(done_at__gt=timezone.now() - CHECK_EVERY)
    if not waiting and not fresh.exists() and chain.chain_end().number:
        waiting = [AuditCheck.objects.create()]
    for row in waiting:
        do(row)
    if waiting:
        kept = list(AuditCheck.objects.values_list("pk", flat=True)[:KEPT])
        AuditCheck.objects.filter(pk__lt=kept[-1]).delete()
    return len(waiting)
