"""From the measurements of one moment, and from what people decided, to the groups of all tiers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from review.duplicates.decide import in_force
from review.duplicates.find import image_queries
from review.duplicates.find.candidate_groups import (
    CandidateGroup,
    Decided,
    draft_alike,
    draft_bytes,
    draft_pixels,
    mark_chains,
)
from review.duplicates.find.evidence import Judged, judge
from review.duplicates.find.measure import METHODS, ShareProgress, measure
from review.duplicates.find.measurement_cache import CachedMeasurements
from review.duplicates.find.pairs import Pairs
from review.verdicts.blinding import waiting
from review.verdicts.consensus import among
from search.public.scoring import Snapshot


def draft_groups(
    snapshot: Snapshot, known: CachedMeasurements, tell: ShareProgress = lambda _share: None
) -> list[CandidateGroup]:
    """Return the groups of all tiers.

    Parameters
    ----------
    snapshot : whose vectors were compared, and by whose random pairs likeness is told
    known : the pairs that were measured
    tell : told which share is done, also while components are split and pairs are measured
    """
    sums = image_queries.shown_sums()
    sets = in_force.kept_sets()
    decided = _decided(sums, sets)
    # Kept alone means that its repeats have been looked at.
    seen_to = {next(iter(each)) for each in sets.values() if len(each) == 1}
    again = [image_id for image_id in image_queries.with_same_bytes() if sums.get(image_id) not in seen_to]
    tell(0.1)
    exact = draft_pixels(image_queries.with_same_pixels(), decided, image_queries.copies_of, lambda: tell(0.1))
    shown = np.fromiter(sums, np.int64, len(sums))
    pairs, judged = _judge_known(snapshot, known, shown, decided)
    tell(0.3)
    alike = draft_alike(pairs, judged, decided, image_queries.copies_of, exact, lambda: tell(0.3))
    linked = pairs.take(judged.tier > 0)

    def held(others: Pairs) -> set[tuple[int, int]]:
        # Pairs inside of groups that were never candidates: few enough to be measured now.
        measured = measure(snapshot, others, lambda share: tell(0.5 + share / 2))
        found = others.take(_judge(snapshot, others, measured).tier > 0)
        return set(zip(found.first.tolist(), found.second.tolist(), strict=True)) | decided.kept | decided.together

    return draft_bytes(again, image_queries.copies_of) + exact + mark_chains(alike, linked, held)


def _decided(sums: Mapping[int, str], sets: Mapping[int, frozenset[str]]) -> Decided:
    """Return what people decided about pairs of images that are shown.

    What one of two blind readers said is not known yet: a group that came or went by it would tell the other.
    """
    id_of = {sha256: image_id for image_id, sha256 in sums.items()}
    verdicts = among(id_of)
    for pair in waiting().order_by().values_list("first_sha256", "second_sha256").iterator():
        verdicts.pop(pair, None)
    apart = {pair for pair, summary in verdicts.items() if summary.apart}
    same = {pair for pair, summary in verdicts.items() if summary.together}
    inside = in_force.pairs_within(sets.values())
    return Decided(*(in_force.as_ids(pairs, id_of) for pairs in (apart, inside, same)))


def _judge_known(
    snapshot: Snapshot, known: CachedMeasurements, shown: NDArray[np.int64], decided: Decided
) -> tuple[Pairs, Judged]:
    """Return the measured pairs of images that are shown, those that people put together among them, and the verdict
    of the evidence on each."""
    usable = np.isin(known.pairs.first, shown) & np.isin(known.pairs.second, shown)
    pairs, raw = known.pairs.take(usable), known.raw[:, usable]
    told = Pairs.listed(decided.together)
    told = told.take(~told.among(pairs))
    if told.size:
        raw = np.concatenate([raw, measure(snapshot, told)], axis=1)
        pairs = Pairs(np.concatenate([pairs.first, told.first]), np.concatenate([pairs.second, told.second]))
    return pairs, _judge(snapshot, pairs, raw)


def _judge(snapshot: Snapshot, pairs: Pairs, raw: NDArray[np.float32]) -> Judged:
    tables = snapshot.pair_tables(snapshot.kinds_of(pairs.first), snapshot.kinds_of(pairs.second))
    return judge(dict(zip(METHODS, raw, strict=True)), tables, raw.shape[1])
