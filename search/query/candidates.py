"""Which rows of a segment are looked at closely: the best by all methods together, and the best by each alone.

One list by the fused estimate would lose what a single method is sure of: an image that the query shows in a corner is
like it by no method but keypoints, whose index of spots brings it up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.methods import Method, RerankMethod
from search.scoring.estimate import Scan, estimate
from search.scoring.fusion import top
from search.scoring.pooling import power_mean
from search.scoring.segments import Segment

BY_SPOTS, BY_METHOD = 1 / 8, 1 / 20
"""Rows of a segment that an index of spots may bring up, and each method alone, as parts of all that are wanted."""
ESTIMATES_POWER = 8 / 3
"""Estimates are rarities, which are decades to the power 1.5: so they are pooled as `pooling.POWER` pools decades."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows of one segment.

    Attributes
    ----------
    segment : that holds them
    rows : ndarray of shape (n,), ascending
    estimates : ndarray of shape (n,), fused scores by what was scanned; NaN where no method that scans knows the row
    chosen : ndarray of shape (n,), bool: brought up by a method alone, so kept whatever the estimate
    likely : of each example, by name of a re-ranking method, ndarray of shape (n,), int64: see
        `RerankMethod.scores_of_likely`
    """

    segment: Segment
    rows: NDArray[np.int64]
    estimates: NDArray[np.float64]
    chosen: NDArray[np.bool_]
    likely: Sequence[Mapping[str, NDArray[np.int64]]] = field(default_factory=list)

    def take(self, kept: NDArray[np.bool_]) -> Candidates:
        """Return some of the rows."""
        likely = [{name: ways[kept] for name, ways in each.items()} for each in self.likely]
        return Candidates(self.segment, self.rows[kept], self.estimates[kept], self.chosen[kept], likely)


@dataclass(frozen=True, slots=True)
class SharedSpots:
    """Rows that share spots with the query, by one method: `rows`, and in which of its ways each does."""

    rows: NDArray[np.int64]
    ways: NDArray[np.int64]


def by_spots(
    segment: Segment,
    queries: Mapping[str, NDArray[Any]],
    methods: Mapping[str, Method],
    mask: NDArray[np.bool_],
    depth: int,
) -> dict[str, SharedSpots]:
    """Return what the indexes of spots bring up.

    Parameters
    ----------
    segment : that holds the indexes
    queries : the query's rows, of the methods to ask
    methods : by name
    mask : ndarray of shape (rows of the segment,), bool: which may be found
    depth : rows wanted by all methods together
    """
    found = {}
    count = int(BY_SPOTS * depth)
    for name, row in queries.items():
        method, index = methods[name], segment.spots.get(name)
        if index is None or not isinstance(method, RerankMethod):
            continue
        found[name] = SharedSpots(*index.query(method.asked_spots(row, index.side), count, mask))
    return found


def choose(
    segment: Segment,
    rows: NDArray[np.int64],
    scans: Sequence[Sequence[Scan]],
    depth: int,
    shared: Sequence[Mapping[str, SharedSpots]],
    said: NDArray[np.int64],
) -> Candidates:
    """Keep the best rows of a segment.

    Parameters
    ----------
    segment : that holds them
    rows : ndarray of shape (n,), ascending: those that were scanned, among them all of `shared`
    scans : of each example, what each method's dot products say of them
    depth : rows wanted of the best by the fused estimate
    shared : of each example, by method, see `by_spots`
    said : ndarray of the images that go before all others by the estimate, as they say what is asked for
    """
    estimates = power_mean(np.array([estimate(each, rows.shape, np.float64) for each in scans]), ESTIMATES_POWER)
    estimates[np.isin(segment.image_ids[rows], said)] = np.inf
    chosen = np.zeros(len(rows), bool)
    likely = [_likely(each, rows, chosen) for each in shared]
    kept = chosen.copy()
    if len(rows) > depth:  # else all are kept
        for scan in (scan for each in scans for scan in each):
            products = scan.products if scan.present is None else np.where(scan.present, scan.products, np.nan)
            chosen[top(products, int(BY_METHOD * depth))] = True
        kept |= chosen
    kept[top(estimates, depth)] = True
    return Candidates(segment, rows, estimates, chosen, likely).take(kept)


def _likely(
    shared: Mapping[str, SharedSpots], rows: NDArray[np.int64], chosen: NDArray[np.bool_]
) -> dict[str, NDArray[np.int64]]:
    """Return in which way each row shares spots with an example, by method, and mark those that do as chosen."""
    likely = {name: np.full(len(rows), -1, np.int64) for name in shared}
    for name, each in shared.items():
        places = np.searchsorted(rows, each.rows)
        likely[name][places] = each.ways
        chosen[places] = True
    return likely


def best_of(found: list[Candidates], depth: int) -> list[Candidates]:
    """Keep the best of all segments together: what methods alone brought up, and of the others up to `depth` in all."""
    chosen = np.concatenate([each.chosen for each in found])
    estimates = np.concatenate([each.estimates for each in found])
    # Newer images compete with the generation's for the same places.
    kept = chosen.copy()
    kept[top(np.where(chosen, np.nan, estimates), max(0, depth - int(np.count_nonzero(chosen))))] = True
    masks = np.split(kept, np.cumsum([len(each.rows) for each in found])[:-1])
    return [each.take(mask) for each, mask in zip(found, masks, strict=True)]
