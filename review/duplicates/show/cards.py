"""What a page shows of groups: their images, what differs among them, and what this person may do with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection as Sized
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from django.db.models import Prefetch, prefetch_related_objects

from gallery.models import Collection, Image, RepeatUpload
from gallery.people.roles import Role
from review.duplicates.decide.in_force import as_ids, settled_pairs
from review.duplicates.decide.keeper import REASONS, suggest
from review.duplicates.show.metadata_diff import MetadataDifference, copy_of, facts_of
from review.duplicates.show.visible import Tier, linked_members
from review.models import DuplicateGroup, DuplicateMember

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MOST_SHOWN = 24
"""Images of one group that a page shows; decisions are about all of them."""
Pair = tuple[int, int]
"""Image ids, the smaller first."""


@dataclass(frozen=True, slots=True)
class Member:
    """One image of a group, how alike it is to the nearest other one, and what is known of it."""

    image: Image
    score: float
    is_keeper: bool
    facts: Sequence[MetadataDifference]
    repeats: Sequence[RepeatUpload]


@dataclass(frozen=True, slots=True)
class Card:
    """One group as a person sees it."""

    group: DuplicateGroup
    members: Sequence[Member]  # the suggested keeper first
    reason: str  # why it is suggested
    may_decide: bool  # keep all, tell apart
    may_set_aside: bool

    @property
    def keeper(self) -> Image:
        """Return the image that should stay."""
        return self.members[0].image

    @property
    def shown(self) -> Sequence[Member]:
        """Return the members that fit on a page."""
        return self.members[:MOST_SHOWN]

    @property
    def hidden(self) -> Sequence[Member]:
        """Return the members that do not."""
        return self.members[MOST_SHOWN:]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is read at once for all groups of a page."""

    members: Mapping[int, Sequence[DuplicateMember]]  # group -> members
    apart: set[Pair]
    kept: set[Pair]
    reviewed: set[int]  # images about which this person may decide
    curated: set[int]  # ... and that this person may set aside
    repeats: Mapping[int, Sequence[RepeatUpload]]


def make_cards(groups: Sequence[DuplicateGroup], user: User | AnonymousUser) -> list[Card]:
    """Return the cards of groups, without those that decisions since the scan have left nothing of.

    The number of database queries does not depend on the number of groups.
    """
    known = _read(groups, user)
    cards = [_card(group, known) for group in groups]
    return [card for card in cards if card is not None]


def _read(groups: Sequence[DuplicateGroup], user: User | AnonymousUser) -> _Known:
    members: defaultdict[int, list[DuplicateMember]] = defaultdict(list)
    for member in linked_members(user).filter(group__in=groups).select_related("image").order_by("-score", "pk"):
        members[member.group_id].append(member)
    images = {member.image_id: member.image for each in members.values() for member in each}
    collections = Prefetch("collections", Collection.objects.visible_to(user))
    prefetch_related_objects(list(images.values()), "tags", collections, "attributes")
    apart, kept = settled_pairs([image.sha256 for image in images.values()], user)
    id_of = {image.sha256: image.pk for image in images.values()}
    reviewed, curated = (_with_role(images, user, role) for role in (Role.REVIEWER, Role.CURATOR))
    repeats: defaultdict[int, list[RepeatUpload]] = defaultdict(list)
    for repeat in RepeatUpload.objects.filter(image__in=images).select_related("uploaded_by").order_by("pk"):
        if repeat.image_id in curated or (user.is_authenticated and repeat.uploaded_by_id == user.pk):
            repeats[repeat.image_id].append(repeat)  # a name may tell what the rest of the library may not know
    return _Known(members, as_ids(apart, id_of), as_ids(kept, id_of), reviewed, curated, repeats)


def _with_role(image_ids: Sized[int], user: User | AnonymousUser, least: Role) -> set[int]:
    if not user.is_authenticated:
        return set()
    return set(Image.objects.filter(pk__in=image_ids).with_role(user, least).values_list("pk", flat=True))


def _card(group: DuplicateGroup, known: _Known) -> Card | None:
    left = remaining(known.members.get(group.pk, ()), group, known.apart, known.kept)
    if not left:
        return None
    ids = {member.image_id for member in left}
    keeper_id, reason = _keeper(group, left)
    ordered = sorted(left, key=lambda member: member.image_id != keeper_id)
    facts = facts_of([member.image for member in ordered])
    members = [
        Member(each.image, each.score, each.image_id == keeper_id, known_of, known.repeats[each.image_id])
        for each, known_of in zip(ordered, facts, strict=True)
    ]
    alone = group.tier == Tier.BYTES
    return Card(group, members, str(REASONS.get(reason, "")), ids <= known.reviewed, ids <= known.curated and not alone)


def _keeper(group: DuplicateGroup, left: Sequence[DuplicateMember]) -> tuple[int, str]:
    """Return the image that should stay, and why; another where the suggested one is not there for this person."""
    if group.keeper_id in {member.image_id for member in left}:
        return group.keeper_id, group.keeper_reason
    suggestion = suggest([copy_of(member.image) for member in left])
    return suggestion.image_id, suggestion.reason


def remaining(
    members: Sequence[DuplicateMember], group: DuplicateGroup, apart: set[Pair], kept: set[Pair]
) -> list[DuplicateMember]:
    """Return the members that still make a group, given what was decided since the scan; none when nothing is left.

    Parameters
    ----------
    members : that a person sees
    group : whose they are
    apart : pairs that are different: the suggested keeper stays, and of others those closest to the rest
    kept : pairs that are kept side by side: a group of nothing else is settled
    """
    if group.tier == Tier.BYTES:
        return list(members)
    left: list[DuplicateMember] = []
    # The keeper first, so that of two that differ it is never the one left out.
    for member in sorted(members, key=lambda each: each.image_id != group.keeper_id):
        if all(_pair(member, other) not in apart for other in left):
            left.append(member)
    inside = {member.image_id for member in left}
    # Whose nearest image is left out hangs on nothing that is still here.
    linked = {each for member in left if member.nearest_id in inside for each in (member.image_id, member.nearest_id)}
    left = [member for member in left if member.image_id in linked]
    pairs = [_pair(one, other) for one, other in combinations(left, 2)]
    return [] if all(pair in kept for pair in pairs) else left


def _pair(one: DuplicateMember, other: DuplicateMember) -> Pair:
    return min(one.image_id, other.image_id), max(one.image_id, other.image_id)
