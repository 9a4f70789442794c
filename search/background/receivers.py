"""Where the signals of the gallery become background work."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from gallery.batches import batches
from gallery.signals import images_removed, images_restored, images_stored, visibility_changed
from search.background import tasks
from search.features import revisions, wanted_rows
from search.models import Tombstone


@receiver(images_stored, dispatch_uid="search.images_stored")
def want_features(sender: object, image_ids: Sequence[int], **kwargs: Any) -> None:
    """Write down, in the transaction that stored the images, what is to be computed of them."""
    for part in batches(image_ids):
        wanted_rows.ensure_rows(part)
        transaction.on_commit(partial(tasks.enqueue_extraction, part))


@receiver(images_removed, dispatch_uid="search.images_removed")
def bury(sender: object, image_ids: Sequence[int], **kwargs: Any) -> None:
    """Keep removed images out of every answer from the moment the transaction commits."""
    for part in batches(image_ids):
        Tombstone.objects.bulk_create([Tombstone(image_id=i) for i in part], ignore_conflicts=True)
    revisions.bump_revision()


@receiver(images_restored, dispatch_uid="search.images_restored")
def unbury(sender: object, image_ids: Sequence[int], **kwargs: Any) -> None:
    """Make images findable again: a generation built meanwhile does not hold them, so they count as new."""
    for part in batches(image_ids):
        Tombstone.objects.filter(image_id__in=part).delete()
        wanted_rows.ensure_rows(part)
        revisions.touch(part)
        transaction.on_commit(partial(tasks.enqueue_extraction, part))


@receiver(visibility_changed, dispatch_uid="search.visibility_changed")
def notice_visibility(sender: object, **kwargs: Any) -> None:
    """Have every process ask again which images are closed to whom."""
    revisions.bump_revision()
