"""What curators do to images: hide, show again, move to the trash, restore, delete for good.

Search hears of each in the transaction of the act, and so does whoever keeps a record. Whether the person may do it is
the caller's to ask; None stands for the site itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from gallery.audit_events import Action, log_act, logged_at_end, subject_of
from gallery.batches import BATCH, batches
from gallery.models import IN_TRASH, OUT_OF_TRASH, Image
from gallery.signals import images_removed, images_restored
from gallery.storage import originals
from gallery.storage.derivatives import remove_derivatives

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MAY_BE_TRASHED = OUT_OF_TRASH & ~Q(status=Image.Status.PENDING)  # what is being decoded is not settled yet


def hide(image_ids: Iterable[int], user: User | AnonymousUser | None) -> int:
    """Keep images out of pages and searches; return how many were shown before."""
    return _set_hidden(image_ids, user, hidden=True)


def unhide(image_ids: Iterable[int], user: User | AnonymousUser | None) -> int:
    """Show hidden images again; return how many were hidden before."""
    return _set_hidden(image_ids, user, hidden=False)


def _set_hidden(image_ids: Iterable[int], user: User | AnonymousUser | None, *, hidden: bool) -> int:
    with logged_at_end():
        images = _lock(image_ids, Q(hidden=not hidden))
        _update(images, hidden=hidden)
        # Search knows nothing of what is in the trash, and must not be told that it is back.
        outside = [image.pk for image in images if image.trashed_at is None]
        if outside:
            signal = images_removed if hidden else images_restored
            signal.send(sender=Image, image_ids=outside)
        if images:
            hashes = [image.sha256 for image in images]
            log_act(user, Action.HIDE if hidden else Action.SHOW, subject_of(hashes), sha256=hashes)
    return len(images)


def trash(image_ids: Iterable[int], user: User | AnonymousUser | None, *, merged_into: Image | None = None) -> int:
    """Move images to the trash: nothing shows or finds them, and after TRASH_DAYS they are deleted for good.

    Parameters
    ----------
    image_ids : images that are in the trash already or still being decoded are passed over
    user : who does it
    merged_into : the image that stands for them from now on; then the merge tells of the act, not this

    Returns
    -------
    num_trashed : images that were not in the trash before
    """
    with logged_at_end():
        images = _lock(image_ids, MAY_BE_TRASHED)
        person = user if user is not None and user.is_authenticated else None
        _update(images, trashed_at=timezone.now(), trashed_by=person, merged_into=merged_into)
        shown = [image.pk for image in images if not image.hidden]  # the hidden left search before
        if shown:
            images_removed.send(sender=Image, image_ids=shown)
        if images and merged_into is None:
            hashes = [image.sha256 for image in images]
            log_act(user, Action.TRASH, subject_of(hashes), sha256=hashes)
    return len(images)


def restore(image_ids: Iterable[int], user: User | AnonymousUser | None) -> int:
    """Take images out of the trash; those hidden before stay hidden. Return how many were in it."""
    with logged_at_end():
        images = _lock(image_ids, IN_TRASH)
        _update(images, trashed_at=None, trashed_by=None, merged_into=None)
        shown = [image.pk for image in images if not image.hidden]
        if shown:
            images_restored.send(sender=Image, image_ids=shown)
        if images:
            hashes = [image.sha256 for image in images]
            log_act(user, Action.RESTORE, subject_of(hashes), sha256=hashes)
    return len(images)


def purge(image_ids: Iterable[int], user: User | AnonymousUser | None) -> int:
    """Delete images that are in the trash, with their files and for good; return how many there were."""
    with logged_at_end():
        images = _lock(image_ids, IN_TRASH)
        hashes = [image.sha256 for image in images]
        if images:
            images_removed.send(sender=Image, image_ids=[image.pk for image in images])
            for part in batches([image.pk for image in images]):
                Image.objects.filter(pk__in=part).delete()
            names = {image.sha256: str(image) for image in images}
            log_act(user, Action.DELETE, subject_of(hashes), sha256=hashes, names=names)
            # Files cannot be rolled back, so they go last. A process that dies in between leaves files without a row,
            # which cost room but are taken up again when the same bytes are uploaded.
            transaction.on_commit(lambda: _remove_files(hashes))
    return len(images)


def expired() -> QuerySet[Image]:
    """Return the images that have been in the trash for TRASH_DAYS."""
    return Image.objects.filter(trashed_at__lte=timezone.now() - timedelta(days=settings.TRASH_DAYS))


def purge_expired(limit: int = BATCH) -> int:
    """Delete for good what has been in the trash for TRASH_DAYS, the oldest first; return how many images it was."""
    return purge(expired().order_by("trashed_at", "pk").values_list("pk", flat=True)[:limit], None)


def _lock(image_ids: Iterable[int], state: Q) -> list[Image]:
    """Return the images of that state, theirs until the transaction ends, in the order of their ids."""
    wanted = sorted(set(image_ids))
    fields = ("pk", "sha256", "hidden", "trashed_at", "title", "original_name")
    return [
        image
        for part in batches(wanted)
        for image in Image.objects.select_for_update().only(*fields).filter(state, pk__in=part).order_by("pk")
    ]


def _update(images: Sequence[Image], **values: object) -> None:
    for part in batches([image.pk for image in images]):
        Image.objects.filter(pk__in=part).update(**values)


def _remove_files(hashes: Iterable[str]) -> None:
    """Remove the files of deleted images, unless the same bytes have come again since."""
    for sha256 in hashes:
        # Locked for each file by itself: an upload waits for one deletion at most, not for thousands.
        with originals.exclusive():
            if not Image.objects.filter(sha256=sha256).exists():
                originals.remove(sha256)
                remove_derivatives(sha256)
