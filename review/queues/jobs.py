"""The job that gathers a queue's pairs: an id in, nothing out. It may be lost, come twice or run beside its twin."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import connection, transaction

from jobs import transport
from review.queues import create


def enqueue(queue_id: int) -> bool:
    """Ask the maintenance worker to gather a queue's pairs; False when Redis is down."""
    send = partial(transport.send, settings.QUEUE_MAINTENANCE, f"{__name__}.gather", queue_id)
    if connection.in_atomic_block:
        transaction.on_commit(send)
        return True
    return send()


def gather(queue_id: int) -> None:
    """Gather the pairs of a queue."""
    create.run(queue_id)


def resume_queues() -> int:
    """Gather again what was lost with its job or its worker; give up what ended too often."""
    num_given_up = create.give_up_lost()
    if not transport.num_queued(settings.QUEUE_MAINTENANCE):
        for queue_id in create.waiting_late():
            enqueue(queue_id)
    return num_given_up
