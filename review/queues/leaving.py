"""Pairs leave queues when an image is removed, or when people decide about them elsewhere; and they come back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from gallery.models import Image
from review.decided import kinds_of
from review.models import QueuedPair, Reading, Verdict
from review.queues.exclusions import UNDECIDED
from review.queues.reading import settle

CHUNK = 500
State = QueuedPair.State


def drop_removed(sender: object, image_ids: Sequence[int], **_rest: Any) -> None:
    """Take the pairs of removed images out of their queues, in the transaction that removes them."""
    for pairs in _of_images(image_ids):
        pairs.filter(state__in=(State.OPEN, State.CONFLICT)).update(state=State.GONE)


def bring_back(sender: object, image_ids: Sequence[int], **_rest: Any) -> None:
    """Bring pairs back whose image was restored, as far as both images are there."""
    shown = Image.objects.shown()
    both = [Exists(shown.filter(sha256=OuterRef(name))) for name in ("first_sha256", "second_sha256")]
    for pairs in _of_images(image_ids):
        for pair in pairs.filter(*both, state=State.GONE).select_related("queue"):
            settle(pair)


def heed_verdict(sender: object, instance: Verdict, created: bool, **_rest: Any) -> None:
    """Take a pair out of queues of one reader when people decide about it elsewhere; bring it back when they do not.

    Queues of two readers want both of their own: there a verdict from elsewhere changes nothing.
    """
    key = instance.first_sha256, instance.second_sha256
    read = Reading.objects.filter(pair=OuterRef("pk"), verdict__isnull=False)
    pairs = QueuedPair.objects.filter(~Exists(read), first_sha256=key[0], second_sha256=key[1])
    waiting = pairs.filter(queue__two_readers=False, state__in=(State.OPEN, State.DECIDED))
    ids = list(waiting.values_list("pk", flat=True))
    if not ids:
        return
    summary = kinds_of([key]).get(key)
    if summary is not None and summary.kind not in UNDECIDED:
        QueuedPair.objects.filter(pk__in=ids).update(state=State.DECIDED, decided_at=timezone.now())
    else:
        QueuedPair.objects.filter(pk__in=ids).update(state=State.OPEN, decided_at=None)


def _of_images(image_ids: Sequence[int]) -> list[QuerySet[QueuedPair]]:
    """Return the pairs in which any of the images stands, some hundred images at a time."""
    found = []
    for start in range(0, len(image_ids), CHUNK):
        hashes = list(Image.objects.filter(pk__in=image_ids[start : start + CHUNK]).values_list("sha256", flat=True))
        found.append(QueuedPair.objects.filter(Q(first_sha256__in=hashes) | Q(second_sha256__in=hashes)))
    return found
