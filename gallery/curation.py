"""What curators do to images: hide, show again, delete. Search hears of each in the transaction of the act."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from gallery import originals
from gallery.derivatives import remove_derivatives
from gallery.intake import retry_refused
from gallery.models import Image
from gallery.signals import images_removed, images_restored

__all__ = ["delete", "hide", "retry_refused", "unhide"]


def hide(image_ids: Iterable[int]) -> int:
    """Keep images out of pages and searches; return how many were shown before."""
    return _set_hidden(image_ids, hidden=True)


def unhide(image_ids: Iterable[int]) -> int:
    """Show hidden images again; return how many were hidden before."""
    return _set_hidden(image_ids, hidden=False)


def _set_hidden(image_ids: Iterable[int], *, hidden: bool) -> int:
    with transaction.atomic():
        images = Image.objects.select_for_update().filter(pk__in=list(image_ids), hidden=not hidden)
        changed = list(images.values_list("pk", flat=True))
        Image.objects.filter(pk__in=changed).update(hidden=hidden)
        if changed:
            signal = images_removed if hidden else images_restored
            signal.send(sender=Image, image_ids=changed)
    return len(changed)


def delete(image_ids: Iterable[int]) -> int:
    """Delete images with their files, for good; return how many there were."""
    with transaction.atomic():
        hashes = dict(Image.objects.select_for_update().filter(pk__in=list(image_ids)).values_list("pk", "sha256"))
        if hashes:
            images_removed.send(sender=Image, image_ids=list(hashes))
            Image.objects.filter(pk__in=hashes).delete()
            transaction.on_commit(lambda: _remove_files(hashes.values()))
    return len(hashes)


def _remove_files(hashes: Iterable[str]) -> None:
    """Remove the files of deleted images, unless the same bytes have come again since."""
    for sha256 in hashes:
        with originals.exclusive():
            if not Image.objects.filter(sha256=sha256).exists():
                originals.remove(sha256)
                remove_derivatives(sha256)
