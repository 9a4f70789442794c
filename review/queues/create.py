"""Queues as rows: created, closed, opened again, deleted. The row is the truth; `gather` fills it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils import timezone

from gallery.audit_events import Action, log_act
from gallery.models import Collection
from jobs.rows import JobState
from review.models import Queue, ReviewPolicy
from review.queues.access import COLLECTION
from review.queues.gather import gathering
from review.storage import queue_checkpoint_file
from search.public.weights import site_weights


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
    """Note that a queue is wanted; `gathering.send` tells a worker of it.

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
            asked_by=user,
        )
        log_act(user, Action.QUEUE, name, queue=queue.pk, act="make", source=source, wanted=wanted)
    return queue


def close(queue: Queue, user: User) -> bool:
    """Hand out no more pairs of a queue; False when it is not open."""
    rows = Queue.objects.filter(Queue.where_open(), pk=queue.pk)
    return _note(rows, queue, user, "close", closed_at=timezone.now())


def reopen(queue: Queue, user: User) -> bool:
    """Hand out the pairs of a closed queue again; False when it is not closed."""
    rows = Queue.objects.filter(pk=queue.pk, state=JobState.READY, closed_at__isnull=False)
    return _note(rows, queue, user, "reopen", closed_at=None)


def retry(queue: Queue, user: User) -> bool:
    """Have the pairs gathered once more; False when gathering them did not fail."""
    with transaction.atomic():
        if not gathering.retry(queue.pk):
            return False
        log_act(user, Action.QUEUE, queue.name, queue=queue.pk, act="retry")
    return True


def delete(queue: Queue, user: User) -> None:
    """Delete a queue with its readings; the verdicts that came of it stay."""
    with transaction.atomic():
        # Pairs before their readings, as who reads locks them; the cascade deletes readings first.
        list(queue.pairs.select_for_update().order_by("pk").values_list("pk", flat=True))
        Queue.objects.filter(pk=queue.pk).delete()
        log_act(user, Action.QUEUE, queue.name, queue=queue.pk, act="delete", pairs=queue.num_pairs)
    # A worker that gathers just now may write it again; it finds its row gone then, and removes it itself.
    queue_checkpoint_file(queue.pk).unlink(missing_ok=True)


def _note(rows: models.QuerySet[Queue], queue: Queue, user: User, act: str, **values: Any) -> bool:
    with transaction.atomic():
        if not rows.update(heartbeat_at=timezone.now(), **values):
            return False
        log_act(user, Action.QUEUE, queue.name, queue=queue.pk, act=act)
    return True
