"""Collections created, changed and dissolved; each action is logged in its transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef

from gallery.audit_events import Action, log_act
from gallery.models import Collection, Image, ImageQuerySet, Membership
from gallery.people.roles import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


def collection_named(name: str, user: User | AnonymousUser) -> Collection:
    """Return the collection of that name, made public where there is none; whether the person may is not asked here."""
    with transaction.atomic():
        # Two may name it at once; its unique name decides.
        collection, created = Collection.objects.get_or_create(name=name)
        if created:
            log_act(user, Action.COLLECTION, name, made=True, private=False)
    return collection


def make_collection(name: str, description: str, user: User | AnonymousUser, *, private: bool) -> Collection:
    """Make a collection; who makes a private one is its curator."""
    with transaction.atomic():
        collection = Collection.objects.create(name=name, description=description, private=private)
        if private and user.is_authenticated:
            Membership.objects.create(collection=collection, user=user, role=Role.CURATOR)
        log_act(user, Action.COLLECTION, name, made=True, private=private)
    return collection


def change_collection(
    collection: Collection, values: dict[str, object], user: User | AnonymousUser
) -> dict[str, object]:
    """Give a collection another name, description or privacy; return what really changed, by name.

    Who closes a collection becomes its curator, or they would lose sight of it by that.
    """
    with transaction.atomic():
        # Read again under the lock: the record must tell the values that were really replaced.
        now = Collection.objects.select_for_update().get(pk=collection.pk)
        before = {name: getattr(now, name) for name in values}
        changed = {name: value for name, value in values.items() if value != before[name]}
        if changed:
            for name, value in changed.items():
                setattr(now, name, value)
            now.save(update_fields=list(changed))
            if changed.get("private") and user.is_authenticated:
                Membership.objects.update_or_create(collection=now, user=user, defaults={"role": Role.CURATOR})
            log_act(
                user,
                Action.COLLECTION,
                now.name,
                before={name: before[name] for name in changed},
                after=changed,
            )
    return changed


def only_here(collection: Collection) -> ImageQuerySet:
    """Return the images that nobody but admins would see without the collection: only it shows them."""
    links = Image.collections.through._default_manager.filter(image=OuterRef("pk"))
    elsewhere = Exists(links.exclude(collection=collection))
    return Image.objects.filter(~elsewhere, collections=collection, common=False, trashed_at=None)


def dissolve(collection: Collection, user: User | AnonymousUser) -> None:
    """Delete a collection; its images stay."""
    with transaction.atomic():
        # Locked first: nobody joins while it goes, and of all locks the record of acts comes last.
        held = Collection.objects.select_for_update().filter(pk=collection.pk).first()
        if held is None:
            return  # somebody else was quicker
        about = {
            "images": held.images.count(),
            "description": held.description,
            "private": held.private,
            "members": {str(each.user): each.get_role_display() for each in held.memberships.select_related("user")},
        }
        held.delete()
        log_act(user, Action.COLLECTION, held.name, deleted=True, **about)
