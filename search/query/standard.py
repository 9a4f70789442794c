"""By which random pairs scores are judged: what is told beside every rarity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.scoring.calibration import Calibration
from search.scoring.kinds import NONE
from search.scoring.segments import Snapshot
from search.types import PairsOf


class Standard(NamedTuple):
    """What rarities are among.

    Attributes
    ----------
    background : see `PairsOf`
    similar_images : of the kind, as far as they can be found; 0 where there is no kind, or nobody counted
    borrowed : 0..1, how much of what is said of one pair in a thousand comes from pairs that ship with the program,
        averaged over the methods by weight
    """

    background: PairsOf = PairsOf.LIBRARY
    similar_images: int = 0
    borrowed: float = 0.0


def standard_of_query(
    snapshot: Snapshot, examples: Sequence[Mapping[str, NDArray[Any]]], weights: Mapping[str, float], *, own_pairs: bool
) -> Standard:
    """Return what judges a query; hits of another kind are judged more cautiously, see `search.scoring.kinds`.

    Parameters
    ----------
    snapshot : that was searched, without what is closed to who asks: a count must not tell how much is closed
    examples : the vectors of each, of shape (dim,) by method
    weights : by method
    own_pairs : whether the snapshot is calibrated on a collection's pairs
    """
    if own_pairs:
        return Standard(PairsOf.COLLECTION, 0, _borrowed(snapshot.calibrations, weights))
    if snapshot.kinds is None:
        return Standard(PairsOf.LIBRARY, 0, _borrowed(snapshot.calibrations, weights))
    found = {snapshot.kinds.of_query(vectors) for vectors in examples}
    kind = found.pop()
    if found or kind == NONE:
        return Standard(PairsOf.KINDS)
    return _standard_of_kind(snapshot, kind, weights)._replace(similar_images=snapshot.num_of_kind(kind))


def standards_of_pairs(
    snapshot: Snapshot,
    first: NDArray[np.int8],
    second: NDArray[np.int8],
    weights: Mapping[str, float],
    *,
    own_pairs: bool,
) -> list[Standard]:
    """Return what judges pairs of images, whose kinds have the shape (n,); their images are not counted."""
    if own_pairs or snapshot.kinds is None:
        return [standard_of_query(snapshot, [], weights, own_pairs=own_pairs)] * len(first)
    told = {kind: _standard_of_kind(snapshot, kind, weights) for kind in np.unique(first).tolist()}
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    return [told[one] if one == other else Standard(PairsOf.KINDS) for one, other in pairs]


def _standard_of_kind(snapshot: Snapshot, kind: int, weights: Mapping[str, float]) -> Standard:
    """Return what judges a pair within a kind, or of two images of none."""
    if snapshot.kinds is None or kind == NONE:
        return Standard(PairsOf.LIBRARY, 0, _borrowed(snapshot.calibrations, weights))
    tables = {**snapshot.calibrations, **snapshot.kinds.tables[kind]}
    background = PairsOf.REST if kind == snapshot.kinds.places.rest else PairsOf.KIND
    return Standard(background, 0, _borrowed(tables, weights))


def _borrowed(tables: Mapping[str, Calibration], weights: Mapping[str, float]) -> float:
    used = {name: weight for name, weight in weights.items() if weight > 0 and name in tables}
    total = sum(used.values())
    return sum(weight * tables[name].borrowed for name, weight in used.items()) / total if total else 0.0
