"""Who may see a queue, read it and look after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from gallery.models import Collection
from gallery.permissions import permissions_of
from gallery.roles import Role
from review.models import Queue

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ABOUT_ONE_SEARCH = (Queue.Source.SEARCH,)
"""Reviewers may make these themselves; what goes through a whole collection is for its curators."""


def queues_for(user: User) -> QuerySet[Queue]:
    """Return the queues that a person may know of and read: those of collections, or of a site, that they review."""
    queues = Queue.objects.all()
    if permissions_of(user).sees_all:
        return queues
    own = Q(collection__in=Collection.objects.with_role(user, Role.REVIEWER))
    return queues.filter(own | Q(collection=None)) if permissions_of(user).may(Role.REVIEWER) else queues.filter(own)


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
        if queue.created_by_id == user.pk
        or (own.may(Role.CURATOR) if queue.collection_id is None else queue.collection_id in curated)
    }
