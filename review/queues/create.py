"""Queues as rows: asked for, filled by a worker, closed, opened again, deleted. The row is the truth."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rq.timeouts import JobTimeoutException

from gallery.audit_events import Action, log_act
from gallery.batches import BATCH, batches
from gallery.models import Collection, Image
from review.exceptions import QueueError, ReviewError
from review.models import Queue, QueuedPair, ReviewPolicy
from review.queues.access import COLLECTION
from review.queues.candidates import exclusions
from review.queues.candidates.all_pairs import gather_nearest, gather_uncertain
from review.queues.candidates.found import FoundPairs, Progress
from review.queues.candidates.search_hits import gather_search
from review.storage import queue_checkpoint_file
from review.verdicts.record import sorted_pair
from search.exceptions import SearchError
from search.public.weights import site_weights

PROGRESS_SECONDS = 1.0
LOST_AFTER = timedelta(minutes=5)
"""Gathering that has not been heard of for so long ended with its worker."""
LATE_AFTER = timedelta(seconds=10)
ERROR_LENGTH = 300
State = Queue.State
GATHERERS: dict[Queue.Source, Callable[[Queue, Progress], FoundPairs]] = {
    Queue.Source.SEARCH: gather_search,
    Queue.Source.NEAREST: gather_nearest,
    Queue.Source.UNCERTAIN: gather_uncertain,
}
logger = logging.getLogger(__name__)


class QueueGoneError(ReviewError):
    """Somebody deleted the queue while its pairs were gathered."""


def ask(
    source: str,
    user: User | None,
    *,
    name: str,
    collection: Collection | None = None,
    two_readers: bool = False,
    wanted: int,
    **parameters: Any,
) -> Queue:
    """Note that a queue is wanted; `jobs.enqueue` sends that to a worker.

    Parameters
    ----------
    source : one of `Queue.Source`
    user : who asks; pairs are taken from the images that this person may judge
    name : of the queue
    collection : of the images; None: the library. Where it asks for two readers, the queue has two
    two_readers : whether the queue has two blind readers anyway
    wanted : most pairs
    parameters : `weights` by method for the nearest pairs (default: the site's), `address` of a search
    """
    if source == Queue.Source.NEAREST:
        parameters.setdefault("weights", site_weights())
    if collection is not None:
        parameters[COLLECTION] = collection.pk
    asked = two_readers or ReviewPolicy.objects.filter(collection=collection, two_readers=True).exists()
    with transaction.atomic():
        queue = Queue.objects.create(
            name=name,
            source=source,
            collection=collection,
            two_readers=asked,
            parameters={"wanted": wanted, **parameters},
            created_by=user,
        )
        log_act(user, Action.QUEUE, name, queue=queue.pk, act="make", source=source, wanted=wanted)
    return queue


def run(pk: int) -> None:
    """Gather the pairs of a queue, unless somebody does so already; what goes wrong is kept on the row."""
    if not _claim(pk):
        return
    queue = Queue.objects.select_related("created_by").get(pk=pk)
    try:
        fill(queue, GATHERERS[Queue.Source(queue.source)](queue, _Report(pk)))
    except QueueGoneError:
        logger.info("queue %d was deleted while its pairs were gathered", pk)
    except JobTimeoutException:
        _fail(pk, _("Gathering took longer than a worker may take; choose a smaller collection."))
        raise
    except (ReviewError, SearchError) as error:
        _fail(pk, str(error))
    except Exception as error:
        logger.exception("queue %d could not be filled", pk)
        _fail(pk, f"{type(error).__name__}: {error}")


def fill(queue: Queue, gathered: FoundPairs) -> None:
    """Put what was gathered into a queue and open it.

    Raises
    ------
    QueueError : nothing was found
    QueueGoneError : the queue is gone
    """
    with transaction.atomic():
        rows, num_late = _without_judged(_rows(queue, gathered))
        num_left_out = gathered.num_left_out + num_late
        if not rows:
            raise QueueError(
                _("No pair is left to be judged: %(num)d were judged already or wait in another queue.")
                % {"num": num_left_out}
            )
        found = {"weights": dict(gathered.weights), "left_out": num_left_out, **gathered.about}
        QueuedPair.objects.bulk_create(rows, batch_size=BATCH)
        building = Queue.objects.filter(pk=queue.pk, state=State.BUILDING)
        if not building.update(
            state=State.OPEN,
            num_pairs=len(rows),
            parameters=queue.parameters | found,
            two_readers=queue.two_readers or _asks_for_two(gathered),
            progress="",
            heartbeat_at=timezone.now(),
        ):
            raise QueueGoneError


def close(queue: Queue, user: User) -> bool:
    """Hand out no more pairs of a queue; False when it is not open."""
    return _switch(queue, user, State.OPEN, State.CLOSED, "close")


def reopen(queue: Queue, user: User) -> bool:
    """Hand out the pairs of a closed queue again; False when it is not closed."""
    return _switch(queue, user, State.CLOSED, State.OPEN, "reopen")


def delete(queue: Queue, user: User) -> None:
    """Delete a queue with its readings; the verdicts that came of it stay."""
    with transaction.atomic():
        log_act(user, Action.QUEUE, queue.name, queue=queue.pk, act="delete", pairs=queue.num_pairs)
        Queue.objects.filter(pk=queue.pk).delete()
    queue_checkpoint_file(queue.pk).unlink(missing_ok=True)


def give_up_lost() -> int:
    """Mark queues as failed whose workers ended too often while gathering."""
    lost = Queue.objects.filter(
        state=State.BUILDING,
        attempts__gte=settings.ENV.max_attempts,
        heartbeat_at__lt=timezone.now() - LOST_AFTER,
    )
    error = _("The worker ended %(num)d times before the pairs were gathered; choose a smaller collection.")
    return lost.update(state=State.FAILED, progress="", error=error % {"num": settings.ENV.max_attempts})


def waiting_late() -> list[int]:
    """Return the queues whose job may be lost: never begun, or begun by a worker that ended; oldest first."""
    now = timezone.now()
    begun = models.Q(attempts__gt=0, heartbeat_at__lt=now - LOST_AFTER)
    late = Queue.objects.filter(models.Q(attempts=0, created_at__lt=now - LATE_AFTER) | begun, state=State.BUILDING)
    return list(late.order_by("pk").values_list("pk", flat=True))


def _claim(pk: int) -> bool:
    """Take up the gathering of a queue, unless somebody is heard to be at it."""
    now = timezone.now()
    free = models.Q(attempts=0) | models.Q(heartbeat_at__lt=now - LOST_AFTER)
    rows = Queue.objects.filter(free, pk=pk, state=State.BUILDING, attempts__lt=settings.ENV.max_attempts)
    return bool(rows.update(attempts=models.F("attempts") + 1, heartbeat_at=now))


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
            pairs.setdefault(sorted_pair(hashes[one], hashes[other]), score)
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
    for number, row in enumerate(left, start=1):
        row.position = number
    return left, len(rows) - len(left)


def _asks_for_two(gathered: FoundPairs) -> bool:
    """Tell whether any of the images is in a collection that asks for two readers."""
    asking = ReviewPolicy.objects.filter(two_readers=True).values("collection")
    through = Image.collections.through.objects.filter(collection_id__in=asking)
    ids = np.fromiter(through.values_list("image_id", flat=True).iterator(), np.int64)
    return bool(np.isin(ids, np.concatenate([gathered.first, gathered.second])).any())


def _switch(queue: Queue, user: User, before: State, after: State, act: str) -> bool:
    with transaction.atomic():
        rows = Queue.objects.filter(pk=queue.pk, state=before)
        if not rows.update(state=after, heartbeat_at=timezone.now()):
            return False
        log_act(user, Action.QUEUE, queue.name, queue=queue.pk, act=act)
    return True


def _fail(pk: int, error: str) -> None:
    rows = Queue.objects.filter(pk=pk, state=State.BUILDING)
    rows.update(state=State.FAILED, progress="", error=error[:ERROR_LENGTH], heartbeat_at=timezone.now())


def progress_text(phase: str, done: int, total: int) -> str:
    """Return progress as it stands on the row; see `read_progress`."""
    return f"{phase} {done}/{total}"


def read_progress(queue: Queue) -> Mapping[str, Any]:
    """Return phase, done and total of what is being gathered; empty before it is known."""
    phase, _space, numbers = queue.progress.partition(" ")
    done, _slash, total = numbers.partition("/")
    return {"phase": phase, "done": int(done), "total": int(total)} if done and total else {}


class _Report:
    """Keeps the progress on the row now and then, and notices there that the queue is gone."""

    def __init__(self, pk: int) -> None:
        self._pk, self._next = pk, 0.0

    def __call__(self, phase: str, done: int, total: int) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + PROGRESS_SECONDS
        rows = Queue.objects.filter(pk=self._pk, state=State.BUILDING)
        if not rows.update(progress=progress_text(phase, done, total), heartbeat_at=timezone.now()):
            raise QueueGoneError
