"""The number that counts changes of what can be found."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F, Q

from jobs.rows import JobState
from search.models import Feature, Revision


def revision() -> int:
    """Return the number of the last change of what can be found."""
    return Revision.objects.filter(pk=1).values_list("number", flat=True).first() or 0


def bump_revision() -> int:
    """Raise the revision within the caller's transaction, whose commit publishes it, and return it."""
    with transaction.atomic():
        # The update locks the row until the commit: revisions become visible in the order of their numbers.
        if not Revision.objects.filter(pk=1).update(number=F("number") + 1):
            Revision.objects.get_or_create(pk=1)
            Revision.objects.filter(pk=1).update(number=F("number") + 1)
        return revision()


def newer_than(revision: int) -> Q:
    """Select the rows that became ready after a revision.

    Few of many are, which the database does not know: by number, so that it begins with them.
    """
    return Q(pk__in=Feature.objects.filter(revision__gt=revision).order_by().values("pk"))


def touch(image_ids: Iterable[int]) -> int:
    """Make these images' features new again, for readers that go by the revision; returns the revision."""
    with transaction.atomic():
        number = bump_revision()
        Feature.objects.filter(image__in=list(image_ids), state=JobState.READY).update(revision=number)
    return number
