"""When a scan for duplicates is made: when people ask, after a build, and when something changed since the last."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Max
from django.utils import timezone

from gallery.models import RepeatUpload
from jobs.rows import ACTIVE, JobState
from review.models import DuplicateDecision, DuplicateScan, Verdict
from review.verdicts.blinding import waiting
from search.public.features import active_generation, library_revision

BUSY_SHARE, SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, timedelta(seconds=30), timedelta(minutes=5)
"""Scans take about this share of the time, while images and decisions keep coming; nobody waits longer than that."""
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=1)


def ask() -> DuplicateScan:
    """Note that a scan is wanted, and return it, or the one that waits or runs already."""
    return DuplicateScan.active_or_new()


def newest_ready() -> DuplicateScan | None:
    """Return the scan that people see."""
    return DuplicateScan.objects.filter(state=JobState.READY).first()


def active_scan() -> DuplicateScan | None:
    """Return the scan that waits or runs."""
    return DuplicateScan.objects.filter(state__in=ACTIVE).first()


def seen_now() -> dict[str, int]:
    """Return what is inside a scan that begins now: the newest decisions and repeated uploads, and how many pairs wait
    for two blind readers, whose verdicts it leaves out."""
    undone = DuplicateDecision.objects.filter(kind=DuplicateDecision.Kind.UNDONE)
    newest: dict[str, Any] = {
        "verdict": Verdict.objects.aggregate(newest=Max("pk"))["newest"],
        "decision": DuplicateDecision.objects.aggregate(newest=Max("pk"))["newest"],
        "undone": undone.aggregate(newest=Max("pk"))["newest"],
        "repeat": RepeatUpload.objects.aggregate(newest=Max("pk"))["newest"],
        "blind": waiting().count(),
    }
    return {name: number or 0 for name, number in newest.items()}


def is_outdated(scan: DuplicateScan) -> bool:
    """Tell whether something has changed since a scan that may change its groups."""
    if scan.revision != library_revision():
        return True
    # Decisions settle their groups at once, so they ask for no scan; taking one back does, and is counted as "undone".
    return any(scan.seen.get(name, 0) != number for name, number in seen_now().items() if name != "decision")


def due() -> bool:
    """Tell whether a scan should be made now, unasked."""
    if active_scan() is not None or _retrying():
        return False
    scan = newest_ready()
    if scan is None or scan.finished_at is None:
        return active_generation() is not None  # before the first, most of the library is still to come
    rest = min(max(SHORTEST_PAUSE, timedelta(seconds=scan.seconds / BUSY_SHARE)), LONGEST_PAUSE)
    return timezone.now() >= scan.finished_at + rest and is_outdated(scan)


def _retrying() -> bool:
    """Tell whether scans failed so lately that the next should wait: a minute, then twice as long each time."""
    failed = 0
    last = None
    for scan in DuplicateScan.objects.exclude(state__in=ACTIVE)[:10]:
        if scan.state != JobState.FAILED:
            break
        last = last or scan.heartbeat_at
        failed += 1
    return last is not None and timezone.now() < last + min(FIRST_RETRY * 2 ** (failed - 1), LONGEST_RETRY)
