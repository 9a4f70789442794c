"""Choosing weights by the rankings they make: many starts, and the best of them improved step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np

from search.weights.learning.labelled_queries import LabelledQuerySet, Weights
from search.weights.learning.logistic import fit_logistic

# How far to trust the examples depends on how many there are; which of these fits, the ranking decides.
PENALTIES = (0.001, 0.01, 0.1)
WRONG_PER_QUERY = 40
STEPS = (0.2, 0.1, 0.05, 0.02)
NUM_IMPROVED = 2
MAX_ROUNDS = 8
GRAIN = 0.01
"""Weights are multiples of this, as the sliders of the search page are."""
MIN_GAIN = 1e-4
CAUTION = 0.004
"""Gain that a complete change of the weights must bring to be worth it; a smaller change as much less."""
LOSS_FACTOR = 10.0
"""How much more it counts to fall behind the best single method on a set than to surpass it."""


class Objective:
    """How good weights are over several sets of queries: mAP as a share of the best single method's, averaged."""

    def __init__(self, sets: Mapping[str, LabelledQuerySet], present: Weights) -> None:
        """Take sets of which none is empty, and the weights from which a change must be worth it."""
        self._sets = list(sets.values())
        self._present = present / present.sum()
        num_methods = self._sets[0].num_methods
        self.num_methods = num_methods
        singles = np.array([[self._map(each, weights) for weights in np.eye(num_methods)] for each in self._sets])
        # A set on which no single method finds anything must not divide by zero.
        self._best = np.maximum(singles.max(axis=1), 1e-6)
        # Steps of the ascent lead to the same weights again and again, and each costs a ranking of all queries.
        self._known: dict[bytes, float] = {}

    def __call__(self, weights: Weights) -> float:
        # Weights are rounded to GRAIN, so equal ones have equal bytes.
        key = weights.tobytes()
        if key not in self._known:
            shares = np.array([self._map(each, weights) for each in self._sets]) / self._best
            worth = np.where(shares < 1, 1 + LOSS_FACTOR * (shares - 1), shares)
            # Half: what one weight gains, others lose, so a complete change counts 1.
            change = np.abs(weights - self._present).sum() / 2
            self._known[key] = float(worth.mean() - CAUTION * change)
        return self._known[key]

    @staticmethod
    def _map(queries: LabelledQuerySet, weights: Weights) -> float:
        return float(queries.average_precisions(weights).mean())


def learn(sets: Mapping[str, LabelledQuerySet], present: Weights, seed: int) -> Weights:
    """Learn fusion weights.

    Starts are the present weights, each method alone, all equal, pairs, and logistic regressions on the rarities;
    coordinate ascent improves the best of them on the mAP itself. As the single methods are among the starts, what is
    learned from one set falls at most CAUTION / LOSS_FACTOR of the best of them behind it, on the queries it was
    learned from. Of several sets, one may lose more where the others gain it.

    Parameters
    ----------
    sets : queries by name of the set, none empty, all over the same methods
    present : ndarray of shape (methods,), the weights in use, not all 0
    seed : of the wrong answers drawn for the regression

    Returns
    -------
    weights : ndarray of shape (methods,), multiples of GRAIN, sum 1

    Notes
    -----
    Coordinate ascent on the measure itself: Metzler and Croft, Linear feature-based models for information retrieval,
    2007.
    """
    objective = Objective(sets, present)
    # By their bytes, because many starts are the same once they are rounded.
    starts = {weights.tobytes(): weights for weights in _starts(sets, present, seed)}
    best = sorted(starts.values(), key=objective, reverse=True)[:NUM_IMPROVED]
    return max((_improve(weights, objective) for weights in best), key=objective)


def _starts(sets: Mapping[str, LabelledQuerySet], present: Weights, seed: int) -> Iterator[Weights]:
    """Yield the weights to start from; the first of equally good ones wins."""
    num_methods = len(present)
    # First, so that the weights in use stay where others are only as good.
    yield rounded(present)
    singles = np.eye(num_methods)
    yield from singles
    yield rounded(np.ones(num_methods))
    for one, other in combinations(range(num_methods), 2):
        yield rounded(singles[one] + singles[other])
    examples = [queries.examples(WRONG_PER_QUERY, seed) for queries in sets.values()]
    features = np.concatenate([features for features, _right in examples])
    right = np.concatenate([right for _features, right in examples])
    for penalty in PENALTIES:
        yield rounded(fit_logistic(features, right, penalty))


def _improve(weights: Weights, objective: Objective) -> Weights:
    """Change one weight at a time as long as that helps, by smaller and smaller steps."""
    value = objective(weights)
    for step in STEPS:
        for _round in range(MAX_ROUNDS):
            before = value
            for changed in _neighbors(weights, step):
                if (found := objective(changed)) > value + MIN_GAIN:
                    weights, value = changed, found
            if value <= before:
                break
    return weights


def _neighbors(weights: Weights, step: float) -> Iterator[Weights]:
    """Yield the weights with one of them raised or lowered, the others scaled to make room."""
    for place in range(len(weights)):
        for change in (step, -step):
            wanted = min(max(weights[place] + change, 0.0), 1.0)
            others = weights.sum() - weights[place]
            # Where one method has all the weight, nothing says to which others it should give some.
            if wanted == weights[place] or (others <= 0 and change < 0):
                continue
            changed = weights * ((1 - wanted) / others) if others > 0 else np.zeros(len(weights))
            changed[place] = wanted
            yield rounded(changed)


def rounded(weights: Weights) -> Weights:
    """Scale weights to sum 1 in multiples of GRAIN: largest remainders first."""
    units = round(1 / GRAIN)
    exact = np.asarray(weights, np.float64) / np.sum(weights) * units
    # 0.29 * 100 is 28.999999999999996, which must not become 28.
    found = np.floor(exact + 1e-9)
    missing = units - int(found.sum())
    found[np.argsort(-(exact - found), kind="stable")[:missing]] += 1
    return np.asarray(np.round(found / units, 6))
