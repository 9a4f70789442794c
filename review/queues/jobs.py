"""The job that gathers a queue's pairs: an id in, nothing out. It may be lost, come twice or run beside its twin."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import connection, transaction

from review.queues import making
from search import queues


def enqueue(queue_id: int) -> bool:
    """Ask the maintenance worker to gather a queue's pairs; False when Redis is down."""
    send = partial(queues.send, settings.QUEUE_MAINTENANCE, f"{__name__}.gather", queue_id)
    if connection.in_atomic_block:
        transaction.on_commit(send)
        return True
    return send()


def gather(queue_id: int) -> None:
    """Gather the pairs of a queue."""
    making.run(queue_id)


def resume_queues() -> int:
    """Gather again what was lost with its job or its worker; give up what ended too often."""
    num_given_up = making.give_up_lost()
    if not queues.num_queued(settings.QUEUE_MAINTENANCE):
        for queue_id in making.waiting_late():
            enqueue(queue_id)
    return num_given_up
