"""Groups before they are stored, by evidence made up by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from review.duplicates.decide.keeper import Copy
from review.duplicates.find.candidate_groups import (
    CandidateGroup,
    Decided,
    draft_alike,
    draft_bytes,
    draft_pixels,
    mark_chains,
)
from review.duplicates.find.evidence import EDITED, NEAR, Judged
from review.duplicates.find.pairs import Pairs
from review.models import DuplicateGroup

Tier = DuplicateGroup.Tier
NOTHING = Decided(set(), set(), set())


def copies_of(image_ids: Iterable[int]) -> dict[int, Copy]:
    """Return copies of which the one with the lowest number should stay."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return {image_id: Copy(image_id, 1000 - image_id, "JPEG", 1, 0, moment) for image_id in image_ids}


def alike(
    tiers: dict[tuple[int, int], int], decided: Decided = NOTHING, above: Iterable[CandidateGroup] = ()
) -> list[CandidateGroup]:
    ordered = sorted(tiers)
    judged = Judged(np.array([tiers[pair] for pair in ordered], np.int8), np.full(len(ordered), 0.8))
    return draft_alike(Pairs.listed(ordered), judged, decided, copies_of, list(above))


def members(drafts: Iterable[CandidateGroup]) -> list[tuple[int, set[int]]]:
    return [(draft.tier, set(draft.group.members)) for draft in drafts]


def test_it_works() -> None:
    found = alike({(1, 2): EDITED, (2, 3): NEAR, (7, 8): NEAR})
    # 2 is stood for by 1, so 3 waits until somebody has decided about them
    assert members(found) == [(EDITED, {1, 2}), (NEAR, {7, 8})]
    assert found[0].keeper.image_id == 1


def test_the_image_that_should_stay_stands_for_the_others() -> None:
    found = alike({(1, 2): EDITED, (1, 3): NEAR})
    assert members(found) == [(EDITED, {1, 2}), (NEAR, {1, 3})]
    pixels = draft_pixels([[1, 2]], NOTHING, copies_of)
    found = alike({(1, 3): EDITED, (2, 3): EDITED}, above=pixels)
    assert members(pixels) == [(Tier.PIXELS, {1, 2})]
    assert members(found) == [(EDITED, {1, 3})]


def test_decisions() -> None:
    links = {(1, 2): EDITED, (1, 3): EDITED, (2, 3): EDITED, (5, 6): 0}
    assert members(alike(links, Decided({(2, 3)}, set(), set()))) == [(EDITED, {1, 2})]
    assert members(alike(links, Decided(set(), {(1, 2), (1, 3), (2, 3)}, set()))) == []
    assert (NEAR, {5, 6}) in members(alike(links, Decided(set(), set(), {(5, 6)})))


def test_pixels_of_kept_sets() -> None:
    assert draft_pixels([[1, 2, 3]], Decided(set(), {(1, 2), (1, 3), (2, 3)}, set()), copies_of) == []
    assert members(draft_pixels([[1, 2, 3]], Decided(set(), {(1, 2)}, set()), copies_of)) == [(Tier.PIXELS, {1, 2, 3})]


def test_bytes() -> None:
    assert members(draft_bytes([4, 9], copies_of)) == [(Tier.BYTES, {4}), (Tier.BYTES, {9})]


def test_chains_are_marked_unless_their_ends_are_linked_all_the_same() -> None:
    drafts = alike({(1, 2): EDITED, (1, 3): EDITED})
    linked = Pairs.listed([(1, 2), (1, 3)])
    assert [each.chain for each in mark_chains(drafts, linked, lambda _pairs: set())] == [True]
    assert [each.chain for each in mark_chains(drafts, linked, lambda _pairs: {(2, 3)})] == [False]


def test_images_that_are_gone_make_no_group() -> None:
    judged = Judged(np.array([EDITED], np.int8), np.array([0.8]))
    assert draft_alike(Pairs.listed([(1, 2)]), judged, NOTHING, lambda ids: copies_of([1]), []) == []
