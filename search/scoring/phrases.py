"""How rare the scores of a phrase are, among those of random phrases, each taken on its own scale.

A phrase lies nearer to all images than another, or farther from some: plain nouns and long names, English and Chinese
differ in that. So a phrase is judged by how far a score stands out among the phrase's own scores, in units of how far
its better ones do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.scoring.calibration import Calibration, fit
from search.types import Scores

BETTER = 0.95
"""Which part of a phrase's scores its scale runs up to, from their median."""
PRIOR_IMAGES = 10
"""Images that the middle and the scale of random phrases are worth, beside those of the phrase itself."""
_MIN_SCALE = 1e-6


@dataclass(frozen=True, slots=True)
class PhraseTable:
    """How rare scores of random phrases are once all phrases have one middle and one scale.

    Attributes
    ----------
    table : of such scores
    middle, scale : that all phrases were given: the means of their own
    """

    table: Calibration
    middle: float
    scale: float

    def judging(self, scores: Scores) -> Calibration:
        """Return the table of one phrase.

        Parameters
        ----------
        scores : ndarray of shape (n,), of the phrase with random images; may be empty

        Returns
        -------
        calibration : of the phrase's raw scores
        """
        middle, scale = self.middle, self.scale
        if num := len(scores):
            own, wide = _standing(np.asarray(scores, np.float64)[None])
            middle, scale = _drawn_to(own, middle, num)[0], _drawn_to(wide, scale, num)[0]
        low, high = (float(middle + scale * (each - self.middle) / self.scale) for each in self._ends)
        return Calibration(low, high, self.table.decades, self.table.num_pairs, self.table.borrowed)

    @property
    def _ends(self) -> tuple[float, float]:
        return self.table.low, self.table.high


def fit_phrases(scores: Scores) -> PhraseTable:
    """Fit a table to the scores of random phrases with random images.

    Parameters
    ----------
    scores : ndarray of shape (m, n), of m phrases with the same n images, at least one each
    """
    middles, scales = _standing(np.asarray(scores, np.float64))
    middle, scale = float(middles.mean()), max(float(scales.mean()), _MIN_SCALE)
    num = scores.shape[1]
    own, wide = _drawn_to(middles, middle, num)[:, None], _drawn_to(scales, scale, num)[:, None]
    standard = middle + scale * (scores - own) / wide
    return PhraseTable(fit(standard.ravel().astype(np.float32)), middle, scale)


def _standing(scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return middle and scale of each phrase's scores; from (m, n), both of shape (m,)."""
    middles, better = np.quantile(scores, (0.5, BETTER), axis=1)
    return middles, better - middles


def _drawn_to(own: NDArray[np.float64], usual: float, num: int) -> NDArray[np.float64]:
    return np.asarray((num * own + PRIOR_IMAGES * usual) / (num + PRIOR_IMAGES))
