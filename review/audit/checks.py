"""Checks of the audit log as background work: requested on its page, and once a day by the reconciler."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from jobs.job import job
from jobs.leases import LONG_WORK_SECONDS
from jobs.progress import Progress
from jobs.rows import ACTIVE, JobState
from review.audit import anchors, chain
from review.audit.verify import AuditReport, verify
from review.models import AuditCheck

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CHECK_EVERY = timedelta(days=1)
AGAIN_AFTER = timedelta(hours=1)
"""A check that could not be done, or whose end could not be written down, is no check of the day."""
AT_ONCE_ROWS = 20_000
"""Up to so many rows a check takes well below a second, so people need not wait for a worker."""
KEPT = 100
logger = logging.getLogger(__name__)


@job(AuditCheck, queue=settings.QUEUE_MAINTENANCE, name="audit_check", lease_seconds=LONG_WORK_SECONDS)
def audit_check(row: AuditCheck, progress: Progress[AuditCheck]) -> None:
    """Check the audit, anchor its end if it is intact, and keep what came of it."""
    total = chain.chain_end().number
    report = verify(tell=lambda done: progress("checking", done, total))
    if not report.intact:
        logger.error("the audit is not intact: %d faults, first %s", report.num_faults, report.faults[0])
    progress.finish(
        number=report.end.number,
        hash=report.end.hash,
        num_faults=report.num_faults,
        faults=[asdict(fault) for fault in report.faults],
        num_done=report.num_rows,
        num_total=report.num_rows,
        **_anchored(report),
    )
    kept = list(AuditCheck.objects.values_list("pk", flat=True)[:KEPT])
    AuditCheck.objects.filter(pk__lt=kept[-1]).delete()


def _anchored(report: AuditReport) -> dict[str, Any]:
    """Write an anchor of an intact audit log; return what the row of the check says where that failed."""
    try:
        # Only an intact end is written down: an anchor of a forged chain would vouch for it.
        if report.intact:
            anchors.write_anchor(report.end)
    except OSError as error:
        logger.exception("no anchor of the audit can be written: %s", report.end)
        return {"error_code": "anchor_not_written", "error_params": {"why": str(error)}}
    return {}


def ask(user: User) -> AuditCheck:
    """Want a check: it is done at once while the audit is small, otherwise by the maintenance worker."""
    row = AuditCheck.active_or_new(asked_by=user)
    if chain.chain_end().number <= AT_ONCE_ROWS:
        audit_check.run(row.pk)
        row.refresh_from_db()
    else:
        audit_check.send(row.pk)
    return row


def renew_check() -> int:
    """Ask for the check of the day; a step of the reconciler."""
    now = timezone.now()
    done = Q(state=JobState.READY, error_code="", finished_at__gt=now - CHECK_EVERY)
    lately = Q(finished_at__gt=now - AGAIN_AFTER)
    recent = Q(state__in=ACTIVE) | done | lately
    if chain.chain_end().number and not AuditCheck.objects.filter(recent).exists():
        audit_check.ask()
    return 0
