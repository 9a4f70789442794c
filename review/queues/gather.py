"""Filling a queue with its candidates: by a worker, or at once for those of a search; then the queue is open."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from django.conf import settings
from django.db import transaction

from gallery.batches import BATCH, batches
from gallery.models import Image
from jobs.job import job
from jobs.progress import JobStoppedError, Progress, Tell
from review.exceptions import QueueError
from review.models import Queue, QueuedPair, ReviewPolicy
from review.queues.candidates import exclusions
from review.queues.candidates.all_pairs import gather_nearest, gather_uncertain
from review.queues.candidates.found import FoundPairs
from review.queues.candidates.search_hits import gather_search
from review.storage import queue_checkpoint_file
from review.verdicts.record import sorted_pair

LEASE_SECONDS = 300
"""Comparing one block, or scoring some pairs, takes seconds; whoever is silent for so long has ended."""
GATHERERS: dict[Queue.Source, Callable[[Queue, Tell], FoundPairs]] = {
    Queue.Source.SEARCH: gather_search,
    Queue.Source.NEAREST: gather_nearest,
    Queue.Source.UNCERTAIN: gather_uncertain,
}


@job(Queue, queue=settings.QUEUE_MAINTENANCE, name="queue", lease_seconds=LEASE_SECONDS)
def gathering(queue: Queue, progress: Progress[Queue]) -> None:
    """Gather the pairs of a queue, from the checkpoint on that an earlier attempt left, and open it."""
    try:
        fill(queue, GATHERERS[Queue.Source(queue.source)](queue, progress), progress)
    except JobStoppedError:
        if not Queue.objects.filter(pk=queue.pk).exists():  # deleted: nobody will go on from the checkpoint
            queue_checkpoint_file(queue.pk).unlink(missing_ok=True)
        raise


def fill(queue: Queue, gathered: FoundPairs, progress: Progress[Queue]) -> None:
    """Put what was gathered into a queue and open it.

    Raises
    ------
    QueueError : nothing was found
    JobStoppedError : the queue is gone, or in other hands
    """
    with transaction.atomic():
        rows, num_late = _without_judged(_rows(queue, gathered))
        num_left_out = gathered.num_left_out + num_late
        if not rows:
            raise QueueError("no_pair_left", num=num_left_out)
        found = {"weights": dict(gathered.weights), "left_out": num_left_out, **gathered.about}
        QueuedPair.objects.bulk_create(rows, batch_size=BATCH)
        progress.finish(
            num_pairs=len(rows),
            parameters=queue.parameters | found,
            two_readers=queue.two_readers or _asks_for_two(gathered),
        )


def _rows(queue: Queue, gathered: FoundPairs) -> list[QueuedPair]:
    """Return the pairs as rows; images that were removed meanwhile, or stand for the same bytes, make none."""
    ids = np.unique(np.concatenate([gathered.first, gathered.second])).tolist()
    hashes: dict[int, str] = {}
    for part in batches(ids):
        shown = Image.objects.shown().filter(pk__in=part)
        hashes |= dict(shown.values_list("pk", "sha256"))
    pairs: dict[tuple[str, str], float] = {}
    for one, other, score in zip(
        gathered.first.tolist(), gathered.second.tolist(), gathered.scores.tolist(), strict=True
    ):
        if one != other and one in hashes and other in hashes:
            pairs.setdefault(sorted_pair(hashes[one], hashes[other]), score)  # the first is the better one
    return [
        QueuedPair(queue=queue, position=number, first_sha256=first, second_sha256=second, score=score)
        for number, ((first, second), score) in enumerate(pairs.items(), start=1)
    ]


def _without_judged(rows: list[QueuedPair]) -> tuple[list[QueuedPair], int]:
    """Leave out what people judged while the pairs were gathered, which may take long; return also how many those are.

    Called in the transaction that opens the queue: from then on every verdict finds the pair in it.
    """
    judged = exclusions.judged_among({(row.first_sha256, row.second_sha256) for row in rows})
    left = [row for row in rows if (row.first_sha256, row.second_sha256) not in judged]
    for number, row in enumerate(left, start=1):  # without gaps, as people see the numbers
        row.position = number
    return left, len(rows) - len(left)


def _asks_for_two(gathered: FoundPairs) -> bool:
    """Tell whether any of the images is in a collection that asks for two readers."""
    asking = ReviewPolicy.objects.filter(two_readers=True).values("collection")
    through = Image.collections.through.objects.filter(collection_id__in=asking)
    ids = np.fromiter(through.values_list("image_id", flat=True).iterator(), np.int64)
    return bool(np.isin(ids, np.concatenate([gathered.first, gathered.second])).any())
