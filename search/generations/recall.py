"""How much of what exact search finds an ANN index finds too, and how hard it must look for enough of it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from search.index import IndexBackend
from search.index.quality import DEPTH

NEIGHBORS = 20
NUM_QUERIES = 200
RERANK_DEPTH = DEPTH
"""Candidates that a search takes from each index and compares in full."""
STEP_ROWS = 8000
"""With twice as many rows there is one step of quality more, so that each step about doubles the work."""
BLOCK_ROWS = 16_384
# Sums of float32 in another order differ by less.
TIE = 1e-6


def tune_quality(
    index: IndexBackend,
    vectors: NDArray[np.float32],
    *,
    min_recall: float,
    seed: int,
    reduced: NDArray[np.float32] | None = None,
) -> tuple[float, float]:
    """Find the least quality, in steps, at which the mean recall@20 of up to 200 sampled rows is enough.

    Parameters
    ----------
    index : built from `vectors`, or from `reduced`
    vectors : ndarray of shape (n, dim), float32, L2 norm 1; may be a memory map
    min_recall : recall wanted, 0..1
    seed : of the sample
    reduced : ndarray of shape (n, m), float32, see `measure_recall`

    Returns
    -------
    quality, recall : when the recall stays below `min_recall`, the last ones tried
    """
    generator = np.random.default_rng(seed)
    queries = np.sort(generator.choice(len(vectors), min(NUM_QUERIES, len(vectors)), replace=False))
    floors = kth_scores(vectors, queries, min(NEIGHBORS, len(vectors) - 1))
    steps = max(1, math.ceil(math.log2(len(vectors) / STEP_ROWS)))
    for step in range(steps + 1):
        recall = measure_recall(index, vectors, queries, floors, step / steps, reduced)
        if recall >= min_recall:
            break
    return step / steps, recall


def measure_recall(
    index: IndexBackend,
    vectors: NDArray[np.float32],
    queries: NDArray[np.int64],
    floors: NDArray[np.float32],
    quality: float,
    reduced: NDArray[np.float32] | None = None,
) -> float:
    """Return the mean share of each query's 20 nearest other rows that the index returns.

    A row as close as the 20th counts as well as the 20th, so that equal images do not decide. An index of reduced rows
    is asked for as many as a search takes from it, and their full rows decide, as there.

    Parameters
    ----------
    queries : ndarray of rows
    floors : ndarray, cosine of each query's 20th nearest other row, see `kth_scores`
    quality : see `search.index.quality`
    reduced : ndarray of shape (n, m), float32: the rows that the index was built from, None = `vectors`
    """
    wanted = min(NEIGHBORS, len(vectors) - 1)
    if wanted < 1:
        return 1.0
    if reduced is None:
        # One more than wanted, as a row finds itself.
        near, cosines = index.search(vectors[queries], wanted + 1, quality)
    else:
        near, cosines = index.search(reduced[queries], RERANK_DEPTH, quality)
    found = 0
    for row, floor, rows, scores in zip(queries, floors, near, cosines, strict=True):
        if reduced is not None:
            rows = rows[rows >= 0]
            scores = vectors[rows] @ vectors[row]
        found += min(int(np.count_nonzero((scores >= floor - TIE) & (rows != row))), wanted)
    return found / (wanted * len(queries))


def kth_scores(vectors: NDArray[np.float32], queries: NDArray[np.int64], k: int) -> NDArray[np.float32]:
    """Return the cosine of each query row with its k-th nearest other row, by a scan in blocks.

    Parameters
    ----------
    vectors : ndarray of shape (n, dim)
    queries : ndarray of shape (m,), rows
    k : at least 1, less than n; 0 gives -inf
    """
    best = np.full((len(queries), k), -np.inf, np.float32)
    asked = vectors[queries]
    for start in range(0, len(vectors), BLOCK_ROWS):
        scores = asked @ vectors[start : start + BLOCK_ROWS].T
        inside = np.flatnonzero((queries >= start) & (queries < start + scores.shape[1]))
        # A row is not its own neighbor.
        scores[inside, queries[inside] - start] = -np.inf
        both = np.concatenate([best, scores], axis=1)
        best = np.partition(both, both.shape[1] - k, axis=1)[:, both.shape[1] - k :] if k else best
    return best.min(axis=1, initial=np.inf) if k else np.full(len(queries), -np.inf, np.float32)
