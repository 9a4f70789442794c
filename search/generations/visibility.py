"""What one person may find: a snapshot without the images that are closed to them.

Nearly always nothing is closed, and then the snapshot itself is handed back. Otherwise the closed images are read once
for all people who may see the same collections, and kept until the library's revision moves: whatever changes who may
see what raises it. What a person's memberships are is read with every request.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from cachetools import LRUCache
from django.db.models import Q, QuerySet
from numpy.typing import NDArray

from gallery.models import Collection, Image
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from search.features import revisions
from search.models import Evaluation, WeightSet
from search.scoring.segments import Snapshot

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MAX_KEPT = 64
NOTHING = np.empty(0, np.int64)

Key = tuple[bool, tuple[int, ...]]
"""Whether a person sees the common library, and the collections that they are a member of."""
_kept: LRUCache[Key, tuple[int, NDArray[np.int64]]] = LRUCache(MAX_KEPT)
_lock = threading.Lock()


def closed_ids(viewer: User | AnonymousUser | None, revision: int) -> NDArray[np.int64]:
    """Return the ids of the images that a person may not know of, ascending; at most one query beside their roles.

    Parameters
    ----------
    viewer : the person; None: the site itself
    revision : of the library, read before; what was found for another one is found again
    """
    if viewer is None:
        return NOTHING
    own = permissions_of(viewer)
    if own.sees_all:
        return NOTHING
    key = (own.may(Role.VIEWER), tuple(own.member_of(Role.VIEWER)))
    with _lock:
        found = _kept.get(key)
    if found is not None and found[0] == revision:
        return found[1]
    # Not under the lock: that two people at once have it read twice is better than that one waits for the other.
    closed = np.fromiter(Image.objects.closed_to(viewer).order_by("pk").values_list("pk", flat=True), np.int64)
    with _lock:
        _kept[key] = revision, closed
    return closed


def closed_images(viewer: User | AnonymousUser) -> QuerySet[Image] | None:
    """Return the images that a person may not know of, for counting them out; None where there are none.

    One query where they are not known of this revision, beside that for the revision itself.
    """
    if permissions_of(viewer).sees_all or not len(closed_ids(viewer, revisions.revision())):
        return None
    return Image.objects.closed_to(viewer)


def without(snapshot: Snapshot, closed: NDArray[np.int64]) -> Snapshot:
    """Return a snapshot in which some images, ascending, are neither found nor counted."""
    if not len(closed):
        return snapshot
    segments = tuple(
        replace(segment, searchable=segment.searchable & ~np.isin(segment.image_ids, closed))
        for segment in snapshot.segments
    )
    return replace(snapshot, segments=segments)


About = TypeVar("About", Evaluation, WeightSet)


def findings_for(rows: QuerySet[About], viewer: User | AnonymousUser) -> QuerySet[About]:
    """Keep what was found out about collections that a person may see.

    What was found out about the whole library counts every image, so it is for curators of the site, and for all where
    no image is closed to them.
    """
    own = permissions_of(viewer)
    if own.sees_all:
        return rows
    about = Q(collection__in=Collection.objects.visible_to(viewer))
    if own.may(Role.CURATOR) or not Image.objects.closed_to(viewer).exists():
        about |= Q(collection=None, collection_name="")  # not of a collection that is gone
    return rows.filter(about)


def forget() -> None:
    """Drop all that this process holds."""
    with _lock:
        _kept.clear()
