"""Which groups a person sees, and what of each: members and links closed to this person are absent.

A group shows where two of its images that are linked are both visible, so that nothing can be concluded from how the
others hang together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from gallery.models import Collection, Image
from gallery.people.roles import Role
from review.models import DuplicateGroup, DuplicateMember, DuplicateScan

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

Tier = DuplicateGroup.Tier


@dataclass(frozen=True, slots=True)
class GroupFilter:
    """Which groups are asked for; None: any."""

    tier: int | None = None
    collection: Collection | None = None
    image_id: int | None = None


def open_groups(scan: DuplicateScan, choice: GroupFilter, user: User | AnonymousUser) -> QuerySet[DuplicateGroup]:
    """Return the undecided groups of a scan that this person sees, in the order of their page."""
    groups = scan.groups.filter(decision=None)
    if choice.tier is not None:
        groups = groups.filter(tier=choice.tier)
    members = DuplicateMember.objects.filter(group=OuterRef("pk"))
    if choice.collection is not None:  # first: it leaves the fewest to look at closely
        members = members.filter(_in(choice.collection))
    if choice.image_id is not None:
        members = members.filter(Q(image=choice.image_id) | Q(nearest=choice.image_id))
    return groups.filter(Exists(_linked(members, user))).order_by("tier", "-score", "pk")


def linked_members(user: User | AnonymousUser) -> QuerySet[DuplicateMember]:
    """Return the members that are visible together with what they are linked to."""
    return _linked(DuplicateMember.objects.all(), user)


def _linked(members: QuerySet[DuplicateMember], user: User | AnonymousUser) -> QuerySet[DuplicateMember]:
    alone = Q(group__tier=Tier.BYTES)
    return members.filter(_seen("image", user)).filter(alone | _seen("nearest", user)).order_by()


def num_by_tier(scan: DuplicateScan, choice: GroupFilter, user: User | AnonymousUser) -> dict[int, int]:
    """Return how many groups of each tier this person sees, whatever tier is chosen. One database query."""
    every = GroupFilter(None, choice.collection, choice.image_id)
    rows = open_groups(scan, every, user).order_by().values_list("tier").annotate(Count("pk"))
    return {tier.value: 0 for tier in Tier} | dict(rows)


def _seen(relation: str, user: User | AnonymousUser) -> Exists:
    images = Image.objects.shown().with_role(user, Role.VIEWER)
    return Exists(images.filter(pk=OuterRef(f"{relation}_id")))


def _in(collection: Collection) -> Exists:
    through = Image.collections.through._default_manager
    return Exists(through.filter(collection=collection, image=OuterRef("image_id")))
