"""Scores of very many pairs of images of one snapshot, in bounded memory: for review queues and duplicate scans."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from search.features import registry
from search.scoring.score import ScoreTable, pairs_among, score
from search.scoring.segments import Snapshot

# At most 4,000 images then, whose largest rows, those of keypoints, take 34 MB together.
PAIRS_AT_ONCE = 2000
"""Pairs whose images' vectors are held together."""
Progress = Callable[[int, int], None]
"""Called with how many pairs of how many are done."""


def fused_scores(
    snapshot: Snapshot,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    weights: Mapping[str, float],
    progress: Progress,
) -> NDArray[np.float64]:
    """Return the fused scores of pairs, as a search from the first image says them.

    Parameters
    ----------
    snapshot : what is searched
    first, second : ndarrays of shape (n,), image ids
    weights : fusion weights by method; methods without one are not asked
    progress : see `Progress`

    Returns
    -------
    scores : ndarray of shape (n,), float64, 0..1; NaN where no method with a weight knows both images
    """
    # A method without a weight or a table would cost its comparisons and change no fused score.
    names = [name for name, weight in weights.items() if weight > 0 and name in snapshot.tables]
    scores = np.full(len(first), np.nan)
    for chosen, table in _tables(snapshot, names, first, second, weights, progress):
        scores[chosen] = table.fused
    return scores


def raw_scores(
    snapshot: Snapshot,
    names: Collection[str],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    progress: Progress,
) -> NDArray[np.float32]:
    """Return the raw scores of pairs by some methods.

    Parameters
    ----------
    snapshot : whose vectors are compared
    names : of the M methods
    first, second : ndarrays of shape (n,), image ids
    progress : see `Progress`

    Returns
    -------
    raw : ndarray of shape (M, n), float32, rows as `names`; NaN = missing
    """
    raw = np.full((len(names), len(first)), np.nan, np.float32)
    rows = {name: row for row, name in enumerate(names)}
    # Without weights nothing is fused, and every method that is named is asked.
    for chosen, table in _tables(snapshot, names, first, second, {}, progress):
        for name, values in zip(table.names, table.raw, strict=True):
            raw[rows[name], chosen] = values
    return raw


def _tables(
    snapshot: Snapshot,
    names: Collection[str],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    weights: Mapping[str, float],
    progress: Progress,
) -> Iterator[tuple[NDArray[np.intp], ScoreTable]]:
    """Yield the places of some pairs, and their scores; pairs of one first image stand together."""
    methods = {name: method for name, method in registry.methods().items() if name in names}
    # So that a chunk has few first images: their vectors are fetched once, and each is compared with many at a time.
    order = np.argsort(first, kind="stable")
    for start in range(0, len(order), PAIRS_AT_ONCE):
        chosen = order[start : start + PAIRS_AT_ONCE]
        compared = pairs_among(snapshot, methods, first[chosen], second[chosen])
        judges = snapshot.pair_tables(snapshot.kinds_of(first[chosen]), snapshot.kinds_of(second[chosen]))
        yield chosen, score(compared, len(chosen), methods, judges, weights)
        # After the caller has taken the chunk, so that what it says is done is done.
        progress(min(start + PAIRS_AT_ONCE, len(order)), len(order))
