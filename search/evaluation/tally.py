"""Figures, curves and advised thresholds of many rankings, added up query by query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.evaluation.metrics import RankingMeter, Relevance, ranked
from search.evaluation.rankings import FUSED, METHOD, PARTS, Ranking
from search.evaluation.thresholds import PairMeter
from search.methods import METHODS

PRECISIONS = {"precision_95": 0.95, "precision_99": 0.99}
DIGITS = 4
Document = dict[str, dict[str, Any]]
"""Part -> name of the ranking -> its figures."""


class Tally:
    """What is known of each ranking so far."""

    def __init__(self) -> None:
        self.num_queries = 0
        self._rankings: dict[Ranking, RankingMeter] = {}
        self._pairs: dict[Ranking, PairMeter] = {}

    def add(
        self, scores: Mapping[Ranking, NDArray[np.floating]], relevant: Relevance, query: int | None = None
    ) -> None:
        """Take one query's answers.

        Parameters
        ----------
        scores : by ranking, ndarrays of shape (n,), NaN = not found
        relevant : ndarray of shape (n,), bool
        query : the query's own row, which does not count; None: it is not among the images
        """
        # A pair of an image with itself would be right at the highest score, and teach nothing about thresholds.
        others = np.ones(len(relevant), bool)
        if query is not None:
            others[query] = False
        self.num_queries += 1
        for ranking, found in scores.items():
            self.add_order(ranking, ranked(found, relevant, query), int(np.count_nonzero(relevant & others)))
            self.add_pairs(ranking, found[others], relevant[others])

    def add_order(self, ranking: Ranking, order: Relevance, num_relevant: int) -> None:
        """Take one query's order, best first, and how many relevant images there are."""
        self._rankings.setdefault(ranking, RankingMeter()).add(order, num_relevant)

    def add_pairs(self, ranking: Ranking, scores: NDArray[np.floating], same: Relevance) -> None:
        """Take the scores of pairs, and which of them belong together."""
        if ranking not in self._pairs:
            # Raw scores may be negative, fused ones are not.
            self._pairs[ranking] = PairMeter(*((0.0, 1.0) if ranking[0] == FUSED else (-1.0, 1.0)))
        self._pairs[ranking].add(scores, same)

    def figures(self) -> Document:
        """Return the figures of each ranking: those of its orders, and those of its pairs."""
        found = by_part({ranking: meter.figures().as_dict() for ranking, meter in self._rankings.items()})
        for ranking, meter in self._pairs.items():
            about = {"pair_ap": meter.average_precision(), "pair_auc": meter.auc()}
            part = found.setdefault(ranking[0], {})
            part[ranking[1]] = part.get(ranking[1], {}) | {name: round(value, DIGITS) for name, value in about.items()}
        return found

    def curves(self, *, of_pairs: bool) -> Document:
        """Return precision at 101 levels of recall: the mean over the queries, or that of all pairs together."""
        meters: Mapping[Ranking, RankingMeter | PairMeter] = self._pairs if of_pairs else self._rankings
        return by_part({ranking: np.round(meter.curve(), DIGITS).tolist() for ranking, meter in meters.items()})

    def thresholds(self) -> Document:
        """Return what each ranking advises, None where it can advise nothing."""
        found = {}
        for ranking, meter in self._pairs.items():
            advice = {name: meter.advise(precision) for name, precision in PRECISIONS.items()}
            advice["best_f1"] = meter.best_f1()
            # None stays None: it says that no threshold is that precise.
            found[ranking] = {name: each and each.as_dict() for name, each in advice.items()}
        return by_part(found)


def by_part(values: Mapping[Ranking, Any]) -> Document:
    """Sort values by part, and within it as the registry of methods does, or as they came."""
    found: Document = {part: {} for part in PARTS}
    for part, name in _in_order(values):
        found[part][name] = values[part, name]
    return found


def _in_order(rankings: Iterable[Ranking]) -> list[Ranking]:
    registered = list(METHODS)
    # The sort is stable, so fusions stay in the order in which they were listed.
    return sorted(rankings, key=lambda ranking: registered.index(ranking[1]) if ranking[0] == METHOD else 0)
