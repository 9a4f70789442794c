"""The real fused scores of many pairs: by every method with a weight, costly ones included."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from search.evaluation.rankings import Field
from search.features import registry
from search.scoring.fusion import fuse
from search.scoring.segments import Snapshot, take
from search.weights.training_data.scored_queries import rarities_of

CHUNK = 1000
"""Pairs whose images' vectors are held together."""


def exact_scores(
    snapshot: Snapshot,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    weights: Mapping[str, float],
    tell: Callable[[int, int], None],
) -> NDArray[np.float64]:
    """Return the fused scores of pairs, as a search from the first image says them.

    Parameters
    ----------
    snapshot : what is searched
    first, second : ndarrays of shape (n,), image ids
    weights : fusion weights by method; methods without one are not asked
    tell : told how many pairs of how many are done

    Returns
    -------
    scores : ndarray of shape (n,), float64, 0..1; NaN where no method with a weight knows both images
    """
    scores = np.full(len(first), np.nan)
    order = np.argsort(first, kind="stable")
    for start in range(0, len(order), CHUNK):
        chosen = order[start : start + CHUNK]
        scores[chosen] = _chunk(snapshot, first[chosen], second[chosen], weights)
        tell(min(start + CHUNK, len(order)), len(order))
    return scores


def _chunk(
    snapshot: Snapshot, first: NDArray[np.int64], second: NDArray[np.int64], weights: Mapping[str, float]
) -> NDArray[np.float64]:
    """Score pairs whose vectors fit into memory; those of one first image stand together."""
    image_ids = np.unique(np.concatenate([first, second]))
    names = [name for name in registry.methods() if weights.get(name, 0.0) > 0 and name in snapshot.tables]
    rows = {name: found for name in names if (found := take(snapshot, name, image_ids)) is not None}
    field = Field(image_ids, snapshot, rows)
    hubs, partners = np.searchsorted(image_ids, first), np.searchsorted(image_ids, second)
    rarities = np.full((len(rows), len(first)), np.nan)
    for hub in np.unique(hubs).tolist():
        mine = np.flatnonzero(hubs == hub)
        said = rarities_of(field, field.vectors_of(hub), partners[mine])
        for place, name in enumerate(rows):
            rarities[place, mine] = said[name]
    return fuse(rarities, np.array([weights[name] for name in rows]))
