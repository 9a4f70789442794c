"""Pairs leave queues when an image is removed, or when people decide about them elsewhere; and they come back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from gallery.batches import batches, lock_rows
from gallery.models import Image
from review.models import QueuedPair, Reading, Verdict
from review.queues.candidates.exclusions import judged_among
from review.queues.locks import lock_pair
from review.queues.reading import reopen, settle
from review.verdicts.consensus import Pair

State = QueuedPair.State


def drop_removed(sender: object, image_ids: Sequence[int], **_rest: Any) -> None:
    """Take the pairs of removed images out of their queues, in the transaction that removes them."""
    left = QueuedPair.objects.filter(state__in=(State.OPEN, State.CONFLICT))
    for part in batches(lock_rows(left, _of_images(image_ids))):
        QueuedPair.objects.filter(pk__in=part).update(state=State.GONE)


def bring_back(sender: object, image_ids: Sequence[int], **_rest: Any) -> None:
    """Bring pairs back whose image is there again, restored or uploaded again, as far as both images are there.

    What people decided about them meanwhile counts, as if they had been in their queue.
    """
    shown = Image.objects.shown()
    both = [Exists(shown.filter(sha256=OuterRef(name))) for name in ("first_sha256", "second_sha256")]
    gone = QueuedPair.objects.filter(*both, state=State.GONE)
    for part in batches(lock_rows(gone, _of_images(image_ids))):
        back = list(QueuedPair.objects.filter(pk__in=part).select_related("queue"))
        for pair in back:
            settle(pair)
        heed_pairs({(pair.first_sha256, pair.second_sha256) for pair in back})


def heed_verdict(sender: object, instance: Verdict, created: bool, **_rest: Any) -> None:
    """See `heed_pairs`: called when a verdict was recorded."""
    if instance.kind == Verdict.Kind.WITHDRAWN and instance.author_id is not None:
        _take_back(instance)
    heed_pairs([(instance.first_sha256, instance.second_sha256)])


def _take_back(verdict: Verdict) -> None:
    """Open pairs again that their only reader decided about and now, outside of the queue, does not.

    Where two read, a reading stays as it was made.
    """
    lock_pair((verdict.first_sha256, verdict.second_sha256))
    readings = Reading.objects.filter(
        reader=verdict.author_id,
        verdict__isnull=False,
        pair__first_sha256=verdict.first_sha256,
        pair__second_sha256=verdict.second_sha256,
        pair__state=State.DECIDED,
        pair__queue__two_readers=False,
    )
    for reading in readings.select_related("pair__queue"):
        reading.delete()
        reopen(reading.pair)


def heed_pairs(pairs: Collection[Pair]) -> None:
    """Take pairs out of queues of one reader when people decided about them elsewhere; bring back what they took back.

    Queues of two readers want both of their own: there a verdict from elsewhere changes nothing. One database query
    for every 500 first images, and four more for every 500 such pairs that are queued.
    """
    firsts = sorted({first for first, _second in pairs})
    queued = {pk: pair for part in batches(firsts) for pk, pair in _unread(part, pairs).items()}
    if not queued:
        return
    there = lock_rows(QueuedPair.objects.all(), queued)
    judged = judged_among(set(queued.values()))
    for part in batches(there):
        # The state once more, because a reader may have decided before the rows were locked.
        rows = QueuedPair.objects.filter(pk__in=[pk for pk in part if queued[pk] in judged], state=State.OPEN)
        rows.update(state=State.DECIDED, decided_at=timezone.now())
        rows = QueuedPair.objects.filter(pk__in=[pk for pk in part if queued[pk] not in judged], state=State.DECIDED)
        rows.update(state=State.OPEN, decided_at=None)


def _unread(firsts: list[str], pairs: Collection[Pair]) -> dict[int, Pair]:
    """Return those of the pairs that stand in queues of one reader and were not read there, by their number."""
    read = Reading.objects.filter(pair=OuterRef("pk"), verdict__isnull=False)
    rows = QueuedPair.objects.filter(~Exists(read), first_sha256__in=firsts, queue__two_readers=False)
    rows = rows.filter(state__in=(State.OPEN, State.DECIDED)).order_by()
    listed = rows.values_list("pk", "first_sha256", "second_sha256")
    return {pk: (first, second) for pk, first, second in listed if (first, second) in pairs}


def _of_images(image_ids: Sequence[int]) -> Iterator[int]:
    """Yield the ids of the pairs in which any of the images stands."""
    for part in batches(image_ids):
        hashes = Image.objects.order_by().filter(pk__in=part).values("sha256")
        pairs = QueuedPair.objects.filter(Q(first_sha256__in=hashes) | Q(second_sha256__in=hashes))
        yield from pairs.order_by().values_list("pk", flat=True)
