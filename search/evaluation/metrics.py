"""Evaluation: how well a ranking finds what belongs together, judged by labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Relevance = NDArray[np.bool_]
"""Shape (n,): is the image at this rank relevant; best rank first."""
RECALL_LEVELS = np.linspace(0, 1, 101)
"""Levels of recall at which a curve tells the precision."""
NS_GROUP = 4
RECALL_RANK = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """Mean figures of one ranking over all queries, each 0..1, the N-S score 0..4."""

    map: float
    p_at_1: float
    p_at_5: float
    recall_at_10: float
    ns: float

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
    hits, total = _hits(relevant, num_relevant)
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


def ns_score(relevant: Relevance, num_relevant: int) -> float:
    """Return the N-S score (Nister and Stewenius 2006): how many of the first four are right, the query among them.

    Their benchmark has groups of four pictures of one thing, and the query, which is in the collection, comes first:
    1 + the relevant among the next three. Larger groups are asked for four as well. Smaller ones, of g images, are
    asked for g, and the share found is scaled to four, so that 4 always means that nothing better was possible.

    Parameters
    ----------
    relevant : ndarray of shape (n,), bool, best rank first, without the query
    num_relevant : relevant images there are, without the query; at least 1

    Returns
    -------
    score : 0..4; at least 4 / g
    """
    group = min(num_relevant + 1, NS_GROUP)
    return float(NS_GROUP * (1 + np.count_nonzero(relevant[: group - 1])) / group)


def precision_curve(relevant: Relevance, num_relevant: int | None = None) -> NDArray[np.float64]:
    """Return the interpolated precision at 101 levels of recall.

    Parameters
    ----------
    relevant, num_relevant : see `average_precision`

    Returns
    -------
    curve : ndarray of shape (101,), 0..1, never rising: at level r the best precision at any rank where the recall is
        at least r (TREC's interpolation, at 101 levels instead of 11); 0 where the recall never gets so far
    """
    hits, total = _hits(relevant, num_relevant)
    best = np.zeros(total + 1)
    precisions = np.arange(1, len(hits) + 1) / (hits + 1)
    best[: len(hits)] = np.maximum.accumulate(precisions[::-1])[::-1]
    # 0.07 * 100 is 7.000000000000001, which must not ask for an eighth hit.
    needed = np.ceil(RECALL_LEVELS * total - 1e-9).astype(np.intp)
    return np.asarray(best[np.maximum(needed - 1, 0)])


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


class RankingMeter:
    """Adds up the figures of one ranking, query by query."""

    def __init__(self) -> None:
        self._figures: list[tuple[float, ...]] = []
        self._curve = np.zeros(len(RECALL_LEVELS))

    def __len__(self) -> int:
        return len(self._figures)

    def add(self, relevant: Relevance, num_relevant: int) -> None:
        """Take one query's answer.

        Parameters
        ----------
        relevant : ndarray of shape (n,), bool, best rank first, without the query
        num_relevant : relevant images there are, found or not; at least 1
        """
        self._figures.append(
            (
                average_precision(relevant, num_relevant),
                precision_at_k(relevant, 1),
                precision_at_k(relevant, 5),
                # Of three right answers three can be among the first ten; the best ranking should reach 1.
                float(np.count_nonzero(relevant[:RECALL_RANK]) / min(num_relevant, RECALL_RANK)),
                ns_score(relevant, num_relevant),
            )
        )
        self._curve += precision_curve(relevant, num_relevant)

    def figures(self) -> Figures:
        """Return the means over the queries; zeros when there was none."""
        return Figures(*np.mean(self._figures, axis=0).tolist()) if self._figures else Figures(0, 0, 0, 0, 0)

    def curve(self) -> NDArray[np.float64]:
        """Return the mean interpolated precision at `RECALL_LEVELS`, shape (101,)."""
        return self._curve / max(len(self), 1)


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
    return evaluate_many(lambda row: {"it": score(row)}, labels).get("it", RankingMeter().figures())


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
    meters: dict[str, RankingMeter] = {}
    for row in answerable(labels) if queries is None else queries:
        same = labels == labels[row]
        for name, scores in score(int(row)).items():
            # The query bears its own label, and is no answer.
            meters.setdefault(name, RankingMeter()).add(ranked(scores, same, int(row)), int(np.count_nonzero(same)) - 1)
    return {name: meter.figures() for name, meter in meters.items()}


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


def ranked(scores: NDArray[np.floating], relevant: Relevance, query: int | None = None) -> Relevance:
    """Put relevance in the order of the scores, best first; equal scores keep their order.

    Parameters
    ----------
    scores : ndarray of shape (n,), NaN = never found
    relevant : ndarray of shape (n,), bool
    query : row that is left out, None = none

    Returns
    -------
    relevance : ndarray of shape (m,), m <= n: without the query and what was not found
    """
    order = np.argsort(-scores, kind="stable")
    # What is not found has no rank; that it is missing shows in the number of right answers.
    order = order[~np.isnan(scores[order]) & (order != (-1 if query is None else query))]
    return np.asarray(relevant[order])


def _hits(relevant: Relevance, num_relevant: int | None) -> tuple[NDArray[np.intp], int]:
    """Return the ranks, from 0, of what is relevant, and how much there is."""
    # Only the ranks of what is relevant are needed, and they are few.
    hits = np.flatnonzero(relevant)
    total = len(hits) if num_relevant is None else num_relevant
    if total < len(hits):
        raise ValueError(f"num_relevant: expected at least the {len(hits)} relevant images ranked, got {total}")
    return hits, total
