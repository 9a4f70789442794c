"""Fewer numbers a row, for scanning: a basis in which dot products stay nearly what they were.

The first direction of the basis is the rows' mean, since cosines are taken about the origin; the others are the
principal directions (Pearson 1901) of what the mean leaves. With Q the orthonormal basis, x.y = (Q'x).(Q'y) + the part
of both that lies outside it, so a scan of Q'x finds nearly the same rows first, and their full rows decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.generations.recall import BLOCK_ROWS, NEIGHBORS, RERANK_DEPTH, TIE, kth_scores

MIN_VARIANCE = 0.95
"""Share of the rows' variance that is kept at least."""
MAX_NUMBERS = 256
"""Numbers of a reduced row, whatever variance is then lost, as long as the nearest rows are still found."""
MIN_RECALL = 0.995
"""Share of the 20 nearest rows that must be among the candidates of a reduced scan."""
MIN_GAIN = 0.75
"""A basis larger than this share of the row saves too little."""
MIN_NUMBERS = 2**20
"""Rows with fewer numbers in all are scanned in a millisecond as they are."""
SAMPLE_ROWS = 20_000
NUM_QUERIES = 100
GROWTH = 1.25


@dataclass(frozen=True, slots=True)
class Reduction:
    """An orthonormal basis and what it keeps.

    Attributes
    ----------
    basis : ndarray of shape (dim, k + 1), float32, orthonormal columns, the first along the rows' mean
    variance : share of the variance of the rows kept, 0..1
    recall : mean share of the 20 nearest rows found among the first 400 of a reduced scan, 0..1
    """

    basis: NDArray[np.float32]
    variance: float
    recall: float


def fit_reduction(
    vectors: NDArray[np.float32], rows: NDArray[np.int64], seed: int, min_numbers: int | None = None
) -> Reduction | None:
    """Find the smallest basis that keeps enough of the variance, or MAX_NUMBERS, and of the nearest rows.

    Parameters
    ----------
    vectors : ndarray of shape (n, dim), float32, L2 norm 1; may be a memory map
    rows : ndarray of the rows that hold something, ascending
    seed : of the sample that the basis is fitted to, and of the queries that try it
    min_numbers : numbers in all from which on reducing is worth it, None = MIN_NUMBERS

    Returns
    -------
    reduction : None where a scan of the full rows is as good: too few rows, or a basis that is hardly smaller
    """
    dim = vectors.shape[1]
    # A sample hardly larger than the space fits every direction, and says nothing of other rows.
    if len(rows) < 2 * dim or len(rows) * dim < (MIN_NUMBERS if min_numbers is None else min_numbers):
        return None
    generator = np.random.default_rng(seed)
    directions, kept = principal_directions(vectors[_draw(rows, SAMPLE_ROWS, generator)])
    queries = _draw(rows, NUM_QUERIES, generator)
    floors = kth_scores(vectors, queries, NEIGHBORS)
    # The tolerance is for sums that only rounding keeps below.
    k = min(int(np.searchsorted(kept[1:], MIN_VARIANCE - 1e-9)) + 1, MAX_NUMBERS - 1)
    while k + 1 <= MIN_GAIN * dim:
        basis = np.ascontiguousarray(directions[:, : k + 1])
        recall = measure_recall(vectors, basis, queries, floors)
        if recall >= MIN_RECALL:
            return Reduction(basis, float(kept[k]), recall)
        # Each try scans all rows, so in steps that are soon there.
        k = int(np.ceil(GROWTH * k))
    return None


def principal_directions(sample: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the mean's direction and the principal directions orthogonal to it, and what they keep.

    Parameters
    ----------
    sample : ndarray of shape (n, dim), n >= 1

    Returns
    -------
    directions : ndarray of shape (dim, dim), float32, orthonormal columns: first the mean's, then by falling variance
    kept : ndarray of shape (dim,), share of the variance about the mean within the first 1, 2, ... directions, rising
        to 1; all 1 where the rows do not vary
    """
    rows = np.asarray(sample, np.float32)
    dim = rows.shape[1]
    mean = rows.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    first = mean / length if length > 0 else np.eye(dim)[0]
    centered = rows - mean.astype(np.float32)
    # Not scikit-learn's PCA: the mean's direction is part of the basis, and the others are to be orthogonal to it.
    covariance = np.asarray(centered.T @ centered, np.float64) / len(rows)
    total = float(np.trace(covariance))
    along = float(first @ covariance @ first)
    across = covariance - np.outer(first, first @ covariance)
    across -= np.outer(across @ first, first)
    # Made symmetric to the last bit, as `eigh` reads one half alone.
    variances, directions = np.linalg.eigh((across + across.T) / 2)
    # The mean's own direction has no variance left; the one that is most like it makes room for it.
    order = np.argsort(-variances, kind="stable")
    order = order[order != np.argmax(np.abs(first @ directions))]
    basis, _ = np.linalg.qr(np.column_stack([first, directions[:, order]]))
    parts = np.concatenate([[along], np.maximum(variances[order], 0)])
    kept = np.cumsum(parts) / total if total > 0 else np.ones(dim)
    return np.asarray(basis, np.float32), np.minimum(kept, 1.0)


def measure_recall(
    vectors: NDArray[np.float32],
    basis: NDArray[np.float32],
    queries: NDArray[np.int64],
    floors: NDArray[np.float32],
    candidates: int = RERANK_DEPTH,
) -> float:
    """Return the mean share of each query's 20 nearest rows among the first candidates of a reduced scan.

    A row as close as the 20th counts as well as the 20th, so that equal images do not decide.

    Parameters
    ----------
    vectors : ndarray of shape (n, dim), n > 20
    basis : ndarray of shape (dim, m)
    queries : ndarray of rows
    floors : ndarray, cosine of each query's 20th nearest other row, see `recall.kth_scores`
    candidates : rows taken from the reduced scan, whose full rows are then compared
    """
    asked = vectors[queries] @ basis
    best = np.full((len(queries), candidates), -np.inf, np.float32)
    rows = np.zeros((len(queries), candidates), np.int64)
    for start, block in _blocks(vectors):
        scores = np.concatenate([best, asked @ (block @ basis).T], axis=1)
        numbers = np.arange(start, start + len(block))
        both = np.concatenate([rows, np.broadcast_to(numbers, (len(queries), len(block)))], axis=1)
        chosen = np.argpartition(scores, scores.shape[1] - candidates, axis=1)[:, -candidates:]
        best, rows = np.take_along_axis(scores, chosen, 1), np.take_along_axis(both, chosen, 1)
    found = 0
    for query, floor, near, estimates in zip(queries, floors, rows, best, strict=True):
        # Where there are fewer rows than candidates, some are only places.
        others = near[(near != query) & np.isfinite(estimates)]
        found += min(int(np.count_nonzero(vectors[others] @ vectors[query] >= floor - TIE)), NEIGHBORS)
    return found / (NEIGHBORS * len(queries))


def reduce_rows(vectors: NDArray[np.float32], basis: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Yield blocks of the rows in the basis, in bounded memory; together of shape (n, m), float32."""
    for _start, block in _blocks(vectors):
        yield np.asarray(block @ basis, np.float32)


def _blocks(vectors: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    for start in range(0, len(vectors), BLOCK_ROWS):
        yield start, vectors[start : start + BLOCK_ROWS]


def _draw(rows: NDArray[np.int64], count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return up to `count` distinct rows, ascending so that a memory map is read forwards."""
    return rows if len(rows) <= count else np.sort(generator.choice(rows, count, replace=False))
