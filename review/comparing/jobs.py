"""Comparing a pair as a kind of background work: asked for by the page, done by the interactive worker."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from gallery.decoding import Refused
from jobs.guard import PutOffError
from jobs.job import job
from jobs.progress import Progress
from review.comparing import rows
from review.comparing.closely import look_closely
from review.exceptions import ReviewError
from review.models import Comparison
from search.public.features import ORIGINAL_UNAVAILABLE

PAUSE = timedelta(seconds=10)
"""Until a pair is tried again whose files cannot be opened or written now."""


@job(Comparison, queue=settings.QUEUE_INTERACTIVE, name="comparison")
def comparison(row: Comparison, progress: Progress[Comparison]) -> None:
    """Compare a pair and keep what is found."""
    try:
        rows.keep(row, look_closely(row.first_sha256, row.second_sha256), progress)
    except Refused as refusal:
        raise ReviewError(refusal.reason) from refusal
    except OSError as error:
        raise PutOffError(ORIGINAL_UNAVAILABLE, pause=PAUSE) from error


def wanted(first_sha256: str, second_sha256: str) -> Comparison:
    """Return the comparison of a pair; the interactive worker is asked for it if nobody was yet."""
    row, is_due = rows.want(first_sha256, second_sha256)
    if is_due:
        comparison.send(row.pk)
    return row


def again(row: Comparison) -> bool:
    """Have a pair compared once more that could not be compared; False when that is being done already."""
    if not comparison.retry(row.pk):
        return False
    # The oldest are forgotten by this time, and this one was just asked for.
    Comparison.objects.filter(pk=row.pk).update(created_at=timezone.now())
    row.refresh_from_db()
    return True
