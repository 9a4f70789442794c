"""Who may see a queue, read it and look after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet

from gallery.models import Collection, Image
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from review.models import Queue, QueuedPair

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ABOUT_ONE_SEARCH = (Queue.Source.SEARCH,)
"""Reviewers may make these themselves; what goes through a whole collection is for its curators."""


COLLECTION = "collection"
"""Parameter of the queues that were made of a collection: its number, which stays when the collection goes."""


def queues_for(user: User) -> QuerySet[Queue]:
    """Return the queues that a person may know of and read: those of collections, or of a site, that they review.

    Of these, what others made of closed images alone is not there: the queue of a search is called by its image. Queues
    of a collection that is gone are for admins, as its name was for its members.
    """
    queues = Queue.objects.all()
    if permissions_of(user).sees_all:
        return queues
    own = Q(collection__in=Collection.objects.with_role(user, Role.REVIEWER))
    if permissions_of(user).may(Role.REVIEWER):
        own |= Q(collection=None) & ~Q(parameters__has_key=COLLECTION)
    empty = Q(num_pairs=0) & ~Q(source=Queue.Source.SEARCH)
    return queues.filter(own, Q(asked_by=user) | empty | Exists(_open_to(user)))


def _open_to(user: User) -> QuerySet[QueuedPair]:
    """Return the pairs of a queue of which neither image is closed to a person."""
    closed = Image.objects.order_by().closed_to(user)
    sides = [~Exists(closed.filter(sha256=OuterRef(name))) for name in ("first_sha256", "second_sha256")]
    return QueuedPair.objects.order_by().filter(*sides, queue=OuterRef("pk"))


def may_make(user: User, source: str, collection: Collection | None) -> bool:
    """Tell whether a person may have a queue of that kind made."""
    least = Role.REVIEWER if source in ABOUT_ONE_SEARCH else Role.CURATOR
    if collection is None:
        return permissions_of(user).may(least)
    return Collection.objects.with_role(user, least).filter(pk=collection.pk).exists()


def manageable(user: User, queues: list[Queue]) -> set[int]:
    """Return the numbers of those queues that a person may close and delete: curators of theirs, and who made them.

    One database query beside those for the person's roles.
    """
    own = permissions_of(user)
    if own.sees_all:
        return {queue.pk for queue in queues}
    ids = {queue.collection_id for queue in queues if queue.collection_id is not None}
    curated = set(Collection.objects.with_role(user, Role.CURATOR).filter(pk__in=ids).values_list("pk", flat=True))
    return {
        queue.pk
        for queue in queues
        if queue.asked_by_id == user.pk
        or (own.may(Role.CURATOR) if queue.collection_id is None else queue.collection_id in curated)
    }
