"""Where the signals of the gallery become background work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from gallery.signals import images_removed, images_restored, images_stored, visibility_changed
from search.background import tasks
from search.features import revisions, wanted_rows
from search.models import Tombstone

CHUNK = 500
"""Ids handled by one statement: databases limit the number of parameters."""


def _chunks(image_ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(image_ids), CHUNK):
        yield list(image_ids[start : start + CHUNK])


@receiver(images_stored, dispatch_uid="search.images_stored")
def want_features(sender: object, image_ids: Sequence[int], **kwargs: Any) -> None:
    """Write down, in the transaction that stored the images, what is to be computed of them."""
    for chunk in _chunks(image_ids):
        wanted_rows.ensure_rows(chunk)
        transaction.on_commit(partial(tasks.enqueue_extraction, chunk))


@receiver(images_removed, dispatch_uid="search.images_removed")
def bury(sender: object, image_ids: Sequence[int], **kwargs: Any) -> None:
    """Keep removed images out of every answer from the moment the transaction commits."""
    for chunk in _chunks(image_ids):
        Tombstone.objects.bulk_create([Tombstone(image_id=i) for i in chunk], ignore_conflicts=True)
    revisions.bump_revision()


@receiver(images_restored, dispatch_uid="search.images_restored")
def unbury(sender: object, image_ids: Sequence[int], **kwargs: Any) -> None:
    """Make images findable again: a generation built meanwhile does not hold them, so they count as new."""
    for chunk in _chunks(image_ids):
        Tombstone.objects.filter(image_id__in=chunk).delete()
        wanted_rows.ensure_rows(chunk)
        revisions.touch(chunk)
        transaction.on_commit(partial(tasks.enqueue_extraction, chunk))


@receiver(visibility_changed, dispatch_uid="search.visibility_changed")
def notice_visibility(sender: object, **kwargs: Any) -> None:
    """Have every process ask anew which images are closed to whom."""
    revisions.bump_revision()
