"""Groups before they are stored: tier by tier, the certain ones first. Knows the evidence, not where it comes from.

An image is in one group of identical pixels, edited copies or near duplicates at most: once a group is made, only the
image that should be kept stands for it in the tiers below. When the group is decided, the next scan looks again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from review.duplicates.decide.keeper import Copy, Suggestion, suggest
from review.duplicates.find.evidence import EDITED, NEAR, Judged
from review.duplicates.find.grouping import Group, Pair, Tick, group, no_tick, unlinked
from review.duplicates.find.pairs import Pairs
from review.models import DuplicateGroup

Tier = DuplicateGroup.Tier


@dataclass(frozen=True, slots=True)
class CandidateGroup:
    """A group that is to be kept."""

    tier: int
    group: Group
    keeper: Suggestion
    chain: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """Pairs of image ids, the smaller first, about which people have decided."""

    apart: set[Pair]  # different: never in one group
    kept: set[Pair]  # kept side by side: no link between them
    together: set[Pair]  # the same, or near duplicates


CopiesOf = Callable[[Iterable[int]], dict[int, Copy]]


def draft_bytes(image_ids: Sequence[int], copies_of: CopiesOf) -> list[CandidateGroup]:
    """Return a group of one for each image whose bytes came again."""
    copies = copies_of(image_ids)
    alone = [Group((image_id,), (0,), (1.0,), 1.0) for image_id in image_ids if image_id in copies]
    return [CandidateGroup(Tier.BYTES, each, suggest([copies[each.members[0]]])) for each in alone]


def draft_pixels(
    sets: Sequence[Sequence[int]], decided: Decided, copies_of: CopiesOf, tick: Tick = no_tick
) -> list[CandidateGroup]:
    """Return the groups of identical pixels."""
    pairs = Pairs.listed(pair for each in sets for pair in combinations(each, 2))
    linked = pairs.take(~pairs.among(Pairs.listed(decided.kept)))
    return _draft(Tier.PIXELS, group(linked, np.ones(linked.size), decided.apart, tick), copies_of)


def draft_alike(
    pairs: Pairs,
    judged: Judged,
    decided: Decided,
    copies_of: CopiesOf,
    above: Sequence[CandidateGroup],
    tick: Tick = no_tick,
) -> list[CandidateGroup]:
    """Return the groups of edited copies, then those of near duplicates.

    Parameters
    ----------
    pairs, judged : measured pairs, and what the evidence says of them
    decided : what people said
    copies_of : what counts of each copy
    above : groups of the tiers above
    tick : see `grouping.group`
    """
    free = ~pairs.among(Pairs.listed(decided.kept))
    tiers = judged.tier.copy()
    # What people put together is a near duplicate at least, whatever the evidence says.
    tiers[(tiers == 0) & pairs.among(Pairs.listed(decided.together))] = NEAR
    found = list(above)
    for tier in (EDITED, NEAR):
        stood_for = np.array([image_id for each in found for image_id in _stood_for(each)], np.int64)
        inside = np.isin(pairs.first, stood_for) | np.isin(pairs.second, stood_for)
        chosen = free & ~inside & (tiers == tier)
        groups = group(pairs.take(chosen), judged.score[chosen], decided.apart, tick)
        found += _draft(tier, groups, copies_of)
    return found[len(above) :]


def mark_chains(
    drafts: Sequence[CandidateGroup], pairs: Pairs, linked: Callable[[Pairs], set[Pair]]
) -> list[CandidateGroup]:
    """Return the drafts, with those marked in which two images are alike only through others.

    Parameters
    ----------
    drafts : groups of edited copies and near duplicates
    pairs : that are known to be linked
    linked : asked for the others: which of these pairs are linked all the same
    """
    missing = unlinked([each.group for each in drafts], pairs)
    held = linked(Pairs.listed(pair for each in missing for pair in each))
    return [
        replace(each, chain=any(pair not in held for pair in pairs_of))
        for each, pairs_of in zip(drafts, missing, strict=True)
    ]


def _stood_for(draft: CandidateGroup) -> list[int]:
    """Return the images of a group for which another stands."""
    return [image_id for image_id in draft.group.members if image_id != draft.keeper.image_id]


def _draft(tier: int, groups: Iterable[Group], copies_of: CopiesOf) -> list[CandidateGroup]:
    listed = list(groups)
    copies = copies_of(image_id for each in listed for image_id in each.members)
    # An image may have been deleted since.
    known = [each for each in listed if all(image_id in copies for image_id in each.members)]
    return [CandidateGroup(tier, each, suggest([copies[image_id] for image_id in each.members])) for each in known]
