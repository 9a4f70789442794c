"""Evaluation: how well a ranking finds what belongs together, judged by labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Relevance = NDArray[np.bool_]
"""Shape (n,): is the image at this rank relevant; best rank first."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Mean figures of one ranking over all queries, each 0..1."""

    map: float
    p_at_1: float
    p_at_5: float

    def as_dict(self) -> dict[str, float]:
        return {name: round(value, 4) for name, value in asdict(self).items()}


def average_precision(relevant: Relevance, num_relevant: int | None = None) -> float:
    """Return the mean of the precision at the rank of each relevant image.

    Parameters
    ----------
    relevant : ndarray of shape (n,), bool, best rank first
    num_relevant : relevant images there are, found or not; None = those in `relevant`

    Returns
    -------
    ap : 0..1; 0 when nothing is relevant

    Notes
    -----
    Non-interpolated average precision, as in TREC and in Oxford / Holidays retrieval benchmarks.
    """
    hits = np.flatnonzero(relevant)
    total = len(hits) if num_relevant is None else num_relevant
    if total < len(hits):
        raise ValueError(f"num_relevant: expected at least the {len(hits)} relevant images ranked, got {total}")
    if not total:
        return 0.0
    return float(np.sum(np.arange(1, len(hits) + 1) / (hits + 1)) / total)


def precision_at_k(relevant: Relevance, k: int) -> float:
    """Return the share of relevant images among the first k ranks; ranks beyond the end count as misses.

    Raises
    ------
    ValueError : k < 1
    """
    if k < 1:
        raise ValueError(f"k: expected at least 1, got {k}")
    return float(np.count_nonzero(relevant[:k]) / k)


def recall_at_k(found: NDArray[np.integer], expected: NDArray[np.integer]) -> float:
    """Return the share of `expected` that `found` holds: ANN candidates against the exact k nearest.

    Parameters
    ----------
    found, expected : ndarrays of rows or ids; order does not matter

    Returns
    -------
    recall : 0..1; 1 when nothing is expected
    """
    return float(np.isin(expected, found).mean()) if len(expected) else 1.0


def evaluate(score: Callable[[int], NDArray[np.floating]], labels: NDArray[np.str_]) -> Figures:
    """Query with every image whose label another image has, and average the figures.

    Parameters
    ----------
    score : row -> ndarray of shape (n,), larger is closer, NaN = never found; the query's own place is ignored
    labels : ndarray of shape (n,)

    Returns
    -------
    figures : zeros when no two images share a label
    """
    return evaluate_many(lambda row: {"it": score(row)}, labels).get("it", Figures(0.0, 0.0, 0.0))


def evaluate_many(
    score: Callable[[int], dict[str, NDArray[np.floating]]],
    labels: NDArray[np.str_],
    queries: NDArray[np.integer] | None = None,
) -> dict[str, Figures]:
    """Like `evaluate` for several rankings at once, so that they share the work of one query.

    Parameters
    ----------
    score : row -> {ranking's name: ndarray of shape (n,)}; a ranking may be left out for some queries
    labels : ndarray of shape (n,)
    queries : ndarray of rows to query with, None = `answerable(labels)`

    Returns
    -------
    figures : by ranking, averaged over the queries that it answered
    """
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for row in answerable(labels) if queries is None else queries:
        num_relevant = int(np.count_nonzero(labels == labels[row])) - 1
        for name, scores in score(int(row)).items():
            relevant = _relevance(scores, labels, int(row))
            figures = (
                average_precision(relevant, num_relevant),
                precision_at_k(relevant, 1),
                precision_at_k(relevant, 5),
            )
            rows.setdefault(name, []).append(figures)
    return {name: Figures(*np.mean(values, axis=0).tolist()) for name, values in rows.items()}


def answerable(labels: NDArray[np.str_]) -> NDArray[np.intp]:
    """Return the rows whose label another row has too: queries to which there is an answer."""
    _, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return np.flatnonzero(counts[places] > 1)


def mean_average_precision(scores: NDArray[np.floating], labels: NDArray[np.str_]) -> float:
    """Return the mAP of a whole matrix of scores.

    Parameters
    ----------
    scores : ndarray of shape (n, n), larger is closer; row = query, the diagonal is ignored
    labels : ndarray of shape (n,)
    """
    return evaluate(lambda row: scores[row], labels).map


def _relevance(scores: NDArray[np.floating], labels: NDArray[np.str_], query: int) -> Relevance:
    """Return the relevance of everything but the query, best score first; equal scores keep their order."""
    order = np.argsort(-scores, kind="stable")
    order = order[(order != query) & ~np.isnan(scores[order])]
    return np.asarray(labels[order] == labels[query])
