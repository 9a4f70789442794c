"""Calibration: from a method's raw score to its rarity among random pairs of this gallery.

Raw scores of different methods cannot be added: cosines of deep features live in 0.5..0.9, structural similarities
near 0. What can be compared is how seldom two random images are at least this alike. With S the score of a random
pair, the *decades* of a score s are -log10 P(S >= s): 0 for what any pair reaches, 3 for one pair in a thousand.
The *rarity* is the decades clipped to 0..6 and divided by 6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.types import Scores, Vectors

MAX_DECADES = 6.0
"""Decades at which the rarity is 1: one random pair in a million."""
MAX_TAIL_DECADES = 2.0
"""How far beyond the sample the tail may claim: at most 100 x as rare as one pair of the sample."""
PRIOR_EXCESS, PRIOR_WEIGHT = 0.05, 5
"""Mean excess of the tail assumed before anything is seen, in score, and how many pairs that assumption is worth."""
NUM_CELLS = 4096
MIN_SPAN = 0.05
SAMPLE_ROWS = 2000
SAMPLE_QUERIES, SAMPLE_PARTNERS = 200, 100


@dataclass(frozen=True, slots=True)
class Calibration:
    """Decades as a function of the raw score: linear between evenly spaced nodes, flat outside.

    Attributes
    ----------
    low, high : raw scores of the first and the last node
    decades : ndarray of shape (NUM_CELLS + 1,), dtype float64, >= 0, never falling
    num_pairs : random pairs that it was fitted to
    """

    low: float
    high: float
    decades: NDArray[np.float64]
    num_pairs: int

    def decades_of(self, scores: Scores) -> NDArray[np.float64]:
        """Return -log10 P(S >= score) for raw scores of any shape; NaN stays NaN."""
        num_cells = len(self.decades) - 1
        places = (np.asarray(scores, np.float64) - self.low) * (num_cells / (self.high - self.low))
        places = np.clip(places, 0, num_cells)
        known = np.nan_to_num(places, nan=0.0)
        cells = np.minimum(known.astype(np.intp), num_cells - 1)
        below = self.decades[cells]
        return np.asarray(below + (places - cells) * (self.decades[cells + 1] - below))

    def rarity(self, scores: Scores) -> NDArray[np.float64]:
        """Return decades clipped to 0..6 and divided by 6, so 0..1; NaN stays NaN."""
        return np.asarray(np.minimum(self.decades_of(scores), MAX_DECADES) / MAX_DECADES)

    def one_in(self, scores: Scores) -> NDArray[np.float64]:
        """Return n of "1 random pair in n is at least this alike", >= 1; NaN stays NaN."""
        return np.asarray(10.0 ** self.decades_of(scores))


UNKNOWN = Calibration(-1.0, 1.0, np.zeros(NUM_CELLS + 1), 0)
"""What a gallery without a single pair can say: nothing is rare."""


def fit(samples: Scores) -> Calibration:
    """Fit a calibration to the raw scores of random pairs.

    Within the sample P is the share of pairs that score at least as much. Beyond its k highest scores (k = 0.1 % of
    the sample, 20 at least, a quarter at most) the tail is exponential with their mean excess, as in the
    peaks-over-threshold method (Pickands 1975, shape 0), drawn towards PRIOR_EXCESS while they are few. It ends
    MAX_TAIL_DECADES after the sample does: ten pairs never support more than "one pair in a thousand".

    Parameters
    ----------
    samples : ndarray of shape (n,), float, raw scores, at most 1; NaN are left out

    Returns
    -------
    calibration : never falling in the score; `UNKNOWN` when there is no score
    """
    pairs = np.sort(np.asarray(samples, np.float64)[np.isfinite(samples)])
    if not len(pairs):
        return UNKNOWN
    high = max(1.0, float(pairs[-1]))
    low = min(float(pairs[0]), high - MIN_SPAN)
    nodes = np.linspace(low, high, NUM_CELLS + 1)
    reached = len(pairs) - np.searchsorted(pairs, nodes, side="left")
    decades = np.log10(len(pairs) / np.maximum(reached, 1))

    num_tail = max(1, min(max(20, round(0.001 * len(pairs))), len(pairs) // 4))
    threshold = pairs[-num_tail]
    excess = float(np.sum(pairs[-num_tail:] - threshold))
    scale = (excess + PRIOR_EXCESS * PRIOR_WEIGHT) / (num_tail + PRIOR_WEIGHT)
    num_reached = len(pairs) - np.searchsorted(pairs, threshold, side="left")
    beyond = nodes > threshold
    tail = np.log10(len(pairs) / num_reached) + (nodes[beyond] - threshold) / (scale * np.log(10))
    decades[beyond] = np.minimum(tail, np.log10(len(pairs)) + MAX_TAIL_DECADES)
    return Calibration(low, high, np.maximum.accumulate(decades), len(pairs))


def sample_cosines(vectors: Vectors, rows: NDArray[np.int64], seed: int) -> Scores:
    """Return the cosines of all pairs among up to SAMPLE_ROWS random rows: every pair of a small gallery.

    Parameters
    ----------
    vectors : ndarray of shape (n, dim), float32, L2 norm 1; may be a memory map
    rows : ndarray of the rows to draw from, ascending
    seed : of the draw

    Returns
    -------
    scores : ndarray of shape (r * (r - 1) / 2,), r = min(len(rows), SAMPLE_ROWS)
    """
    drawn = _draw(rows, SAMPLE_ROWS, np.random.default_rng(seed))
    block = np.asarray(vectors[drawn], np.float32)
    upper = np.triu_indices(len(drawn), k=1)
    return np.asarray((block @ block.T)[upper], np.float32)


def sample_scores(
    compare: Callable[[NDArray[np.generic], Vectors], Scores], vectors: Vectors, rows: NDArray[np.int64], seed: int
) -> Scores:
    """Return the scores of random pairs under a costly comparison: all pairs of a small gallery, else 200 x 100.

    Parameters
    ----------
    compare : the method's `scores`: (dim,), (n, dim) -> (n,)
    vectors, rows, seed : see `sample_cosines`
    """
    generator = np.random.default_rng(seed)
    queries = _draw(rows, SAMPLE_QUERIES, generator)
    if len(rows) <= SAMPLE_QUERIES:
        blocks = [compare(vectors[row], vectors[queries[n + 1 :]]) for n, row in enumerate(queries[:-1])]
    else:
        blocks = []
        for row in queries:
            partners = _draw(rows, SAMPLE_PARTNERS, generator)
            blocks.append(compare(vectors[row], vectors[partners[partners != row]]))
    return np.concatenate(blocks) if blocks else np.empty(0, np.float32)


def _draw(rows: NDArray[np.int64], count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return up to `count` distinct rows, ascending so that a memory map is read forwards."""
    return rows if len(rows) <= count else np.sort(generator.choice(rows, count, replace=False))
