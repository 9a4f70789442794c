"""The measures that papers use on well-known sets. Each takes one query's ranking, and the mean over queries counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from search.evaluation.metrics import Relevance, average_precision, ns_score, precision_at_k

Measure = Callable[[Relevance, int], float]
"""Takes the relevance at each rank, best first, without what does not count, and how many relevant images there are."""


def trapezoid_average_precision(relevant: Relevance, num_relevant: int) -> float:
    """Return the area under precision over recall, by trapezoids.

    Parameters
    ----------
    relevant : ndarray of shape (n,), bool, best rank first, without the query and without junk
    num_relevant : relevant images there are, found or not; at least 1

    Returns
    -------
    ap : 0..1

    Notes
    -----
    As the programs that come with Holidays (Jégou, Douze and Schmid, ECCV 2008) and Oxford5k (Philbin et al., CVPR
    2007) count it: precision is 1 before the first rank, and each right answer adds 1 / num_relevant times the mean
    of the precision before and after it.
    """
    ranks = np.flatnonzero(relevant)
    found = np.arange(len(ranks))
    before = np.where(ranks > 0, found / np.maximum(ranks, 1), 1.0)
    after = (found + 1) / (ranks + 1)
    return float(np.sum(before + after) / 2 / num_relevant)


def r_precision(relevant: Relevance, num_relevant: int) -> float:
    """Return the share of right answers among as many first ranks as there are right answers, 0..1.

    Notes
    -----
    The retrieval rate of texture papers: of the fifteen other pieces of a texture, how many are among the first
    fifteen (Manjunath and Ma, PAMI 1996).
    """
    return precision_at_k(relevant, num_relevant)


def recall_at_1(relevant: Relevance, _num_relevant: int) -> float:
    """Return whether the first answer is right, 0 or 1."""
    return precision_at_k(relevant, 1)


MEASURES: Mapping[str, Measure] = {
    "P@20": lambda relevant, _num_relevant: precision_at_k(relevant, 20),
    "mAP": average_precision,
    "trapezoid mAP": trapezoid_average_precision,
    "N-S": ns_score,
    "retrieval rate": r_precision,
    "recall@1": recall_at_1,
}
