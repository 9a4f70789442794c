"""Where single rows change who may see what; changes of many rows report it themselves, see the models' querysets."""

from __future__ import annotations

from collections.abc import Collection as Names
from typing import Any

from django.db.models.signals import m2m_changed, post_delete, post_save
from django.dispatch import receiver

from gallery.models import Collection, Image
from gallery.signals import visibility_changed


@receiver(m2m_changed, sender=Image.collections.through, dispatch_uid="gallery.members_changed")
def tell_of_members(sender: object, action: str, **kwargs: Any) -> None:
    """Images came into a collection or left it."""
    if action.startswith("post_"):
        visibility_changed.send(sender=Image)


@receiver(post_save, sender=Collection, dispatch_uid="gallery.collection_saved")
def tell_of_collection(sender: object, created: bool, **kwargs: Any) -> None:
    """A collection changed; a new one holds nothing yet."""
    if not created:
        visibility_changed.send(sender=Collection)


@receiver(post_delete, sender=Collection, dispatch_uid="gallery.collection_deleted")
def tell_of_deletion(sender: object, **kwargs: Any) -> None:
    """A collection is gone, and shows its images to nobody any more."""
    visibility_changed.send(sender=Collection)


@receiver(post_save, sender=Image, dispatch_uid="gallery.image_saved")
def tell_of_image(sender: object, created: bool, update_fields: Names[str] | None, **kwargs: Any) -> None:
    """A known image may have come into the common library or left it."""
    if not created and (update_fields is None or "common" in update_fields):
        visibility_changed.send(sender=Image)
