"""Labelled queries, and how well given weights rank them. Fast enough to be called thousands of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]
"""Shape (methods,), >= 0."""
NOT_FOUND = -1.0
"""Score of what no weighted method knows: below every real one."""
SPACING = 3.0
"""Distance that keeps the scores of different queries, -1..1, apart on one axis."""


@dataclass(frozen=True, slots=True)
class LabelledQuery:
    """One query and what is known of its answers.

    Attributes
    ----------
    rarities : ndarray of shape (methods, n), 0..1, NaN where a method has nothing to say about a candidate
    relevant : ndarray of shape (n,), bool: is the candidate a right answer
    group : queries of one group are held out together, so that nothing learned knows of them
    """

    rarities: NDArray[np.floating]
    relevant: NDArray[np.bool_]
    group: str


class LabelledQuerySet:
    """Queries laid side by side, so that all are ranked by a few operations on whole arrays."""

    def __init__(self, queries: Sequence[LabelledQuery]) -> None:
        """Keep the queries that can be answered rightly and wrongly: those with both kinds of candidates.

        Raises
        ------
        ValueError : the queries differ in the number of methods
        """
        kept = [each for each in queries if each.relevant.any() and not each.relevant.all()]
        if len({len(each.rarities) for each in kept}) > 1:
            raise ValueError("expected the same methods in every query")
        num_methods = len(kept[0].rarities) if kept else 0
        width = max((len(each.relevant) for each in kept), default=0)
        rarities = np.full((num_methods, len(kept), width), np.nan, np.float32)
        self._relevant = np.zeros((len(kept), width), bool)
        for place, each in enumerate(kept):
            rarities[:, place, : len(each.relevant)] = each.rarities
            self._relevant[place, : len(each.relevant)] = each.relevant
        self._place(rarities, np.array([each.group for each in kept], np.str_))

    def _place(self, rarities: NDArray[np.float32], groups: NDArray[np.str_]) -> None:
        self.groups = groups
        self._rarities = np.nan_to_num(rarities, nan=0.0)
        present = ~np.isnan(rarities)
        self._padding = np.asarray(~present.any(axis=0))
        # None where nothing is missing: the weights then add up to the same everywhere, which saves a product per call.
        self._present = None if bool(np.all(present | self._padding)) else present.astype(np.float32)
        self._rows, self._columns = np.nonzero(self._relevant)
        self._num_relevant = np.count_nonzero(self._relevant, axis=1)

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def num_methods(self) -> int:
        return len(self._rarities)

    def subset(self, chosen: NDArray[np.bool_]) -> LabelledQuerySet:
        """Return some of the queries; `chosen` is an ndarray of shape (queries,)."""
        # Empty, then filled: the constructor would lay every query out again, for each fold.
        part = LabelledQuerySet([])
        part._relevant = self._relevant[chosen]
        rarities = self._rarities[:, chosen]
        if self._present is not None:
            rarities = np.where(self._present[:, chosen] > 0, rarities, np.float32(np.nan))
        else:
            rarities = np.where(self._padding[chosen], np.float32(np.nan), rarities)
        part._place(rarities, self.groups[chosen])
        return part

    def scores(self, weights: Weights) -> NDArray[np.float64]:
        """Return the fused scores as `search.scoring.fusion.fuse` defines them; NOT_FOUND where there is none.

        Returns
        -------
        scores : ndarray of shape (queries, candidates of the longest query)
        """
        used = np.asarray(weights, np.float32)
        totals = np.tensordot(used, self._rarities, 1).astype(np.float64)
        if self._present is None:
            # Against a division by zero only: where all weights are 0, nothing is found at all.
            totals /= max(float(used.sum()), np.finfo(np.float64).tiny)
            totals[self._padding] = NOT_FOUND
            return totals if used.any() else np.full_like(totals, NOT_FOUND)
        counted = np.tensordot(used, self._present, 1)
        return np.asarray(np.divide(totals, counted, out=np.full_like(totals, NOT_FOUND), where=counted > 0))

    def average_precisions(self, weights: Weights) -> NDArray[np.float64]:
        """Return the average precision of each query, 0..1; candidates of one score share their middle rank.

        Parameters
        ----------
        weights : ndarray of shape (methods,)

        Returns
        -------
        precisions : ndarray of shape (queries,)

        Notes
        -----
        Equals `search.evaluation.metrics.average_precision` where no two scores are the same. A right answer that is
        not found adds nothing.
        """
        scores = self.scores(weights)
        # One sort ranks all queries at once, each on a stretch of the axis of its own.
        apart = scores + SPACING * np.arange(len(scores))[:, None]
        right = apart[self._rows, self._columns]
        ranks = _middle_ranks(np.sort(apart, axis=1).ravel(), right)
        ranks_of_right = _middle_ranks(np.sort(right), right)
        # Ranks count from the lowest score of the first query; turned round, within each query.
        ends = (np.arange(len(scores)) + 1) * scores.shape[1]
        ends_of_right = np.cumsum(self._num_relevant)
        precisions = (ends_of_right[self._rows] - ranks_of_right + 1) / (ends[self._rows] - ranks + 1)
        precisions[scores[self._rows, self._columns] == NOT_FOUND] = 0.0
        return np.asarray(
            np.bincount(self._rows, precisions, minlength=len(scores)) / np.maximum(self._num_relevant, 1)
        )

    def precisions_at_1(self, weights: Weights) -> NDArray[np.float64]:
        """Return whether the first candidate of each query is right, 0..1: the right share of those tied there."""
        scores = self.scores(weights)
        # `initial`, because a set of no queries has no maximum.
        first = (scores == scores.max(axis=1, keepdims=True, initial=NOT_FOUND)) & (scores > NOT_FOUND)
        tied = np.count_nonzero(first, axis=1)
        return np.asarray(np.count_nonzero(first & self._relevant, axis=1) / np.maximum(tied, 1))

    def examples(self, per_query: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return right and wrong answers to learn from: all right ones, of the wrong ones up to so many a query.

        Half of the wrong ones are those that all methods together like best, half are drawn.

        Returns
        -------
        features : ndarray of shape (n, methods), 0..1; what is missing is the mean of what is there
        right : ndarray of shape (n,), bool
        """
        generator = np.random.default_rng(seed)
        mean = self.scores(np.ones(self.num_methods))
        wrong = (mean > NOT_FOUND) & ~self._relevant
        # Wrong answers that look right are what weights must tell apart; drawn ones keep the ordinary in view.
        by_mean = np.where(wrong, mean, NOT_FOUND)
        by_chance = np.where(wrong, generator.random(mean.shape), NOT_FOUND)
        chosen = (self._relevant & (mean > NOT_FOUND)) | _top(by_mean, per_query // 2)
        chosen |= _top(by_chance, per_query - per_query // 2)
        values = self._rarities[:, chosen].astype(np.float64)
        if self._present is not None:
            values = np.where(self._present[:, chosen] > 0, values, mean[chosen])
        return values.T, self._relevant[chosen]


def _middle_ranks(ascending: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ranks of values among sorted ones that hold them, from 1; equals share the middle of theirs."""
    below = np.searchsorted(ascending, values, side="left")
    upto = np.searchsorted(ascending, values, side="right")
    return np.asarray((below + 1 + upto) / 2)


def _top(values: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """Mark the `count` highest values of each row that are above NOT_FOUND."""
    count = min(count, values.shape[1])
    if not count:
        return np.zeros(values.shape, bool)
    least = np.partition(values, values.shape[1] - count, axis=1)[:, values.shape[1] - count]
    # All of those tied at the end are kept, so that none is chosen for its place alone.
    return np.asarray((values >= least[:, None]) & (values > NOT_FOUND))
