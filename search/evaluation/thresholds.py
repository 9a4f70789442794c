"""Thresholds: from which score on two images may be taken to belong together, judged by pairs.

Where `search.evaluation.metrics` asks whether the right images come first, this asks whether one score means the same
for every query: all pairs of all queries are thrown together and cut at one threshold (micro-averaged, as in the Image
Similarity Challenge, Douze et al. 2021).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from search.evaluation.metrics import RECALL_LEVELS

CELL = 1e-4
"""Scores are distinguished down to this; a threshold is the lower end of a cell."""
LEAST_RIGHT = 10
"""A threshold is advised only where so many right pairs reach it (or all, when there are fewer): of three pairs that
happen to be right nobody should conclude on 99 %."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What taking every pair from a threshold on would bring.

    Attributes
    ----------
    threshold : raw or fused score
    precision : share of the pairs taken that are right, 0..1
    recall : share of the right pairs that are taken, 0..1
    f1 : harmonic mean of the two
    """

    threshold: float
    precision: float
    recall: float
    f1: float

    def as_dict(self) -> dict[str, float]:
        return {name: round(value, 4) for name, value in asdict(self).items()}


class PairMeter:
    """Counts the scores of pairs that belong together and of pairs that do not."""

    def __init__(self, low: float = -1.0, high: float = 1.0) -> None:
        """Expect scores from `low` to `high`; what lies outside counts as the nearer end."""
        self._low = low
        self._num_cells = round((high - low) / CELL) + 1
        self._right = np.zeros(self._num_cells, np.int64)
        self._wrong = np.zeros(self._num_cells, np.int64)

    @property
    def num_right(self) -> int:
        return int(self._right.sum())

    @property
    def num_wrong(self) -> int:
        return int(self._wrong.sum())

    def add(self, scores: NDArray[np.floating], same: NDArray[np.bool_]) -> None:
        """Take pairs.

        Parameters
        ----------
        scores : ndarray of shape (n,), NaN = pair without a score, left out
        same : ndarray of shape (n,), bool: does the pair belong together
        """
        known = ~np.isnan(scores)
        # A little is added because 0.3 may be kept as 0.2999999: it belongs to the cell that starts at 0.3.
        cells = np.floor((scores[known].astype(np.float64) - self._low) / CELL + 1e-3)
        cells = np.clip(cells, 0, self._num_cells - 1).astype(np.intp)
        self._right += np.bincount(cells[same[known]], minlength=self._num_cells)
        self._wrong += np.bincount(cells[~same[known]], minlength=self._num_cells)

    def average_precision(self) -> float:
        """Return the area under the curve of precision over recall, 0..1; 0 when no pair is right."""
        precisions, recalls = self._cuts()
        steps = np.diff(recalls, prepend=0.0)
        return float(np.sum(steps * precisions))

    def auc(self) -> float:
        """Return the chance that a right pair scores higher than a wrong one, ties half; 0.5 when one kind lacks."""
        if not (self.num_right and self.num_wrong):
            return 0.5
        # By counts per cell (Mann and Whitney), so that no pair has to be kept.
        wrong_below = np.cumsum(self._wrong) - self._wrong
        wins = float(np.sum(self._right * (wrong_below + self._wrong / 2)))
        return wins / (self.num_right * self.num_wrong)

    def curve(self) -> NDArray[np.float64]:
        """Return the interpolated precision at 101 levels of recall, see `evaluation.precision_curve`."""
        precisions, recalls = self._cuts()
        best = np.append(np.maximum.accumulate(precisions[::-1])[::-1], 0.0)
        return np.asarray(best[np.searchsorted(recalls, RECALL_LEVELS - 1e-9, side="left")])

    def advise(self, precision: float) -> Advice | None:
        """Return the lowest threshold from which on at least this share of the pairs is right; None: there is none."""
        precisions, recalls = self._cuts()
        enough = np.flatnonzero((precisions >= precision - 1e-9) & self._supported(recalls))
        # Cuts go from the highest score down: the last that is good enough takes the most pairs.
        return self._advice(int(enough[-1]), precisions, recalls) if len(enough) else None

    def best_f1(self) -> Advice | None:
        """Return the threshold with the best balance of precision and recall; None when no pair is right."""
        precisions, recalls = self._cuts()
        balances = np.where(self._supported(recalls), _f1(precisions, recalls), -1.0)
        place = int(np.argmax(balances))
        return self._advice(place, precisions, recalls) if balances[place] > 0 else None

    def _cuts(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return precision and recall from each cell on, highest cell first."""
        right, wrong = np.cumsum(self._right[::-1]), np.cumsum(self._wrong[::-1])
        taken = right + wrong
        precisions = np.divide(right, taken, out=np.zeros(self._num_cells), where=taken > 0)
        return precisions, right / max(self.num_right, 1)

    def _supported(self, recalls: NDArray[np.float64]) -> NDArray[np.bool_]:
        least = min(LEAST_RIGHT, self.num_right)
        return np.asarray((recalls * self.num_right >= least - 1e-6) & (recalls > 0))

    def _advice(self, place: int, precisions: NDArray[np.float64], recalls: NDArray[np.float64]) -> Advice:
        """Return what cutting at a place of `_cuts` brings, at the highest threshold that brings the same."""
        taken = (self._right + self._wrong)[::-1]
        while place and not taken[place]:
            place -= 1
        threshold = self._low + (self._num_cells - 1 - place) * CELL
        precision, recall = float(precisions[place]), float(recalls[place])
        return Advice(threshold, precision, recall, float(_f1(precisions, recalls)[place]))


def _f1(precisions: NDArray[np.float64], recalls: NDArray[np.float64]) -> NDArray[np.float64]:
    total = precisions + recalls
    return np.asarray(np.divide(2 * precisions * recalls, total, out=np.zeros_like(total), where=total > 0))
