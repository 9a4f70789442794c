"""What would be done with many groups, before anything is done: how many, which are left out, what would be merged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from gallery.batches import batches
from gallery.models import Attribute, Image
from gallery.people.roles import Role
from review.duplicates.decide.in_force import Kind, as_ids, doubted_pairs, pairs_within, settled_pairs
from review.duplicates.show.cards import Pair, remaining
from review.duplicates.show.visible import Tier, linked_members
from review.models import DuplicateGroup, DuplicateMember

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    """What is to be done with one group, by the ids of its images."""

    group: int
    tier: int
    keeper: int
    others: tuple[int, ...]

    @property
    def members(self) -> tuple[int, ...]:
        return (self.keeper, *self.others)

    def as_state(self) -> list[Any]:
        """Return this as JSON can hold it, briefly: there may be tens of thousands."""
        return [self.group, self.tier, self.keeper, list(self.others)]

    @classmethod
    def from_state(cls, state: Any) -> PlannedGroup:
        """Return the entry that `as_state` wrote down."""
        group, tier, keeper, others = state
        return cls(group, tier, keeper, tuple(others))


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """What is to be done, and how many groups are left out, by reason."""

    entries: Sequence[PlannedGroup] = ()
    chains: int = 0  # alike only through others: somebody should look at each
    doubted: int = 0  # people disagree about two of its images, or are unsure of them: somebody should look at each
    unproven: int = 0  # of identical pixels: neither transparency nor further frames have been compared
    changed: int = 0  # decided about since the scan, or in part
    foreign: int = 0  # images that are not this person's to decide about

    @property
    def num_images(self) -> int:
        """Return how many images the plan is about."""
        return sum(len(entry.members) for entry in self.entries)

    @property
    def num_others(self) -> int:
        """Return how many images would go."""
        return sum(len(entry.others) for entry in self.entries)

    @property
    def num_left_out(self) -> int:
        return self.chains + self.doubted + self.unproven + self.changed + self.foreign


@dataclass(frozen=True, slots=True)
class _Known:
    """What people said of pairs of images, by ids, the smaller first; and the images that one may decide about."""

    apart: set[Pair]
    kept: set[Pair]
    doubted: set[Pair]
    may: set[int]


@dataclass(frozen=True, slots=True)
class Gains:
    """How many of the images that stay would get something from the others."""

    tags: int = 0
    collections: int = 0
    attributes: int = 0
    texts: int = 0


def make_plan(groups: QuerySet[DuplicateGroup], kind: str, user: User) -> BulkPlan:
    """Plan a decision about groups.

    Parameters
    ----------
    groups : that this person sees; see `visible.open_groups`
    kind : keep all or keep one, of `DuplicateDecision.Kind`
    user : who decides
    """
    listed = list(groups)
    members = _members(listed, user)
    known = _known(members, kind, user)
    counts = {"chains": 0, "doubted": 0, "unproven": 0, "changed": 0, "foreign": 0}
    entries: list[PlannedGroup] = []
    for group in listed:
        reason = _objection(group, members[group.pk], kind, known)
        if reason:
            counts[reason] += 1
        else:
            entries.append(_entry(group, members[group.pk]))
    return BulkPlan(entries, **counts)


def gains_of(entries: Sequence[PlannedGroup]) -> Gains:
    """Return what merging would give to the images that stay; a fixed number of queries for every 500 images."""
    ids = [image_id for entry in entries for image_id in entry.members]
    relations = {
        "tags": _related(Image.tags.through, "tag_id", ids),
        "collections": _related(Image.collections.through, "collection_id", ids),
        "attributes": _related(Attribute, "name", ids),
        "texts": _texts(ids),
    }
    return Gains(**{name: sum(_gains(entry, known) for entry in entries) for name, known in relations.items()})


def _known(members: Mapping[int, Sequence[DuplicateMember]], kind: str, user: User) -> _Known:
    hashes = {member.image_id: member.image.sha256 for each in members.values() for member in each}
    id_of = {sha256: image_id for image_id, sha256 in hashes.items()}
    inside = pairs_within([{member.image.sha256 for member in each} for each in members.values()])
    said = (*settled_pairs(list(id_of), user), doubted_pairs(inside, user))
    apart, kept, doubted = (as_ids(pairs, id_of) for pairs in said)
    may = _allowed(hashes, user, Role.REVIEWER if kind == Kind.KEEP_ALL else Role.CURATOR)
    return _Known(apart, kept, doubted, may)


def _objection(group: DuplicateGroup, members: Sequence[DuplicateMember], kind: str, known: _Known) -> str:
    """Return why a group is left out, as `BulkPlan` counts it; empty when it is not."""
    ids = sorted(member.image_id for member in members)
    if not set(ids) <= known.may:
        return "foreign"
    if kind == Kind.KEEP_ONE and group.chain:
        return "chains"
    if kind == Kind.KEEP_ONE and group.tier == Tier.BYTES:  # a file that came again is there once: nothing to set aside
        return "changed"
    if group.tier == Tier.PIXELS:
        return "unproven"
    if known.doubted.intersection(combinations(ids, 2)):
        return "doubted"
    whole = len(remaining(members, group, known.apart, known.kept)) == group.size  # else part is gone or decided about
    return "" if whole else "changed"


def _entry(group: DuplicateGroup, members: Sequence[DuplicateMember]) -> PlannedGroup:
    keeper = group.keeper_id or members[0].image_id  # the suggested one may have been deleted
    return PlannedGroup(
        group.pk, group.tier, keeper, tuple(each.image_id for each in members if each.image_id != keeper)
    )


def _members(groups: Sequence[DuplicateGroup], user: User) -> dict[int, list[DuplicateMember]]:
    """Return the members that this person sees, by group; in batches, however many groups there are."""
    found: defaultdict[int, list[DuplicateMember]] = defaultdict(list)
    for part in batches([group.pk for group in groups]):
        rows = linked_members(user).filter(group__in=part).select_related("image").order_by("-score", "pk")
        for member in rows.only("group", "nearest", "score", "image__sha256"):  # tens of thousands of them
            found[member.group_id].append(member)
    return found


def _allowed(image_ids: Iterable[int], user: User, least: Role) -> set[int]:
    return {
        pk
        for part in batches(sorted(image_ids))
        for pk in Image.objects.filter(pk__in=part).with_role(user, least).values_list("pk", flat=True)
    }


def _related(model: Any, column: str, image_ids: Sequence[int]) -> Mapping[int, set[Any]]:
    found: defaultdict[int, set[Any]] = defaultdict(set)
    for part in batches(image_ids):
        for image_id, value in model._default_manager.filter(image__in=part).values_list("image_id", column):
            found[image_id].add(value)
    return found


def _texts(image_ids: Sequence[int]) -> Mapping[int, set[str]]:
    names = ("title", "label", "caption")
    found: defaultdict[int, set[str]] = defaultdict(set)
    for part in batches(image_ids):
        for image_id, *texts in Image.objects.filter(pk__in=part).values_list("pk", *names):
            found[image_id] = {name for name, text in zip(names, texts, strict=True) if text}
    return found


def _gains(entry: PlannedGroup, known: Mapping[int, set[Any]]) -> bool:
    """Tell whether the others of a group have something that the one that stays lacks."""
    own = known.get(entry.keeper, set())
    return any(known.get(other, set()) - own for other in entry.others)
