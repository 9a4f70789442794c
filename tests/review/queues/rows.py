"""Queues without candidate generation: rows of images and pairs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from gallery.models import Image
from jobs.rows import JobState
from review.models import Queue, QueuedPair, Reading
from review.verdicts.record import sorted_pair
from tests.gallery.rows import make_image

LIVES: dict[str, dict[str, Any]] = {
    "building": {"state": JobState.RUNNING},
    "open": {"state": JobState.READY},
    "closed": {"state": JobState.READY, "closed_at": timezone.now()},
    "failed": {"state": JobState.FAILED, "error_code": "no_image_to_start_from"},
}
"""What a queue has, by the word that people see."""


def make_queue(num_pairs: int = 3, **fields: Any) -> Queue:
    """Add an open queue of pairs of one image with others, in the order of their positions."""
    usual = {"name": "herons", "source": Queue.Source.NEAREST, "state": JobState.READY, "num_pairs": num_pairs}
    queue = Queue.objects.create(**(usual | {"parameters": {"wanted": num_pairs}} | fields))
    add_pairs(queue, [make_image(f"{queue.pk}-{number}.jpg") for number in range(num_pairs + 1)])
    return queue


def add_pairs(queue: Queue, images: list[Image]) -> None:
    rows = []
    for position, other in enumerate(images[1:], start=1):
        first, second = sorted_pair(images[0].sha256, other.sha256)
        rows.append(
            QueuedPair(
                queue=queue, position=position, first_sha256=first, second_sha256=second, score=1 - position / 1000
            )
        )
    QueuedPair.objects.bulk_create(rows)


def pair_at(queue: Queue, position: int) -> QueuedPair:
    return QueuedPair.objects.select_related("queue").get(queue=queue, position=position)


def let_time_pass(**of: Any) -> None:
    """End the time of everything that is in hands, or of some of it."""
    Reading.objects.filter(decided_at=None, **of).update(leased_until=timezone.now() - timedelta(seconds=1))
