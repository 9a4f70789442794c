"""Calibration: from a method's raw score to its rarity among random pairs of this gallery.

Raw scores of different methods cannot be added: cosines of deep features live in 0.5..0.9, structural similarities
near 0. What can be compared is how seldom two random images are at least this alike. With S the score of a random
pair, the *decades* of a score s are -log10 P(S >= s): 0 for what any pair reaches, 3 for one pair in a thousand.

The *rarity* is the decades clipped to 0..6, divided by 6 and raised to the power 1.5. Two random pictures have 0.4
decades on average by every method, and one method in ten gives them 1: taken as they are, such chance agreements of
several weak methods outweigh the one that knows. The power leaves the order within a method as it is, and lets what is
rare count for more than what is merely not common; powers of 1.25 to 2 do about the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.scoring.background import Scale, blend
from search.types import Scores, Vectors

MAX_DECADES = 6.0
"""Decades at which the rarity is 1: one random pair in a million."""
MAX_TAIL_DECADES = 2.0
"""How far beyond the sample the tail may claim: at most 100 x as rare as one pair of the sample."""
PRIOR_EXCESS, PRIOR_WEIGHT = 0.05, 5
"""Mean excess of the tail assumed before anything is seen, in score, and how many pairs that assumption is worth."""
NUM_CELLS = 16_384
# Nodes need some room: where all pairs score the same, the line between them would be upright.
MIN_SPAN = 0.05
TAIL_SHARE, MIN_TAIL = 0.001, 200
NAMED_DECADES = 3.0
"""One pair in a thousand, of which a table says how much was borrowed."""
COMMON_DECADES = 0.1
"""Scores that are no rarer need not be told apart."""
MIN_SHAPED = 50
"""Different excesses from which on the shape of the tail is estimated."""
MIN_SHAPE, MAX_SHAPE = -1.0, 0.25
"""From laws that end soon, as a uniform one does (-1), to such as hardly thin out; scores end at 1."""
# A score that so many pairs of the sample reach may be called twice as rare as they are by the law, at most.
MIN_SUPPORT = 5


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many random pairs are looked at: all among so many rows, or for costly scores queries times partners."""

    rows: int = 2000
    queries: int = 200
    partners: int = 100


LIBRARY = Sampling()
"""For a whole library, when its generation is built."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Decades as a function of the raw score: linear between evenly spaced nodes, flat outside.

    Attributes
    ----------
    low, high : raw scores of the first and the last node
    decades : ndarray of shape (NUM_CELLS + 1,), dtype float64, >= 0, never falling
    num_pairs : random pairs that it was fitted to
    borrowed : 0..1, how much of what it says of one pair in a thousand was known before any pair was seen
    """

    low: float
    high: float
    decades: NDArray[np.float64]
    num_pairs: int
    borrowed: float = 0.0

    def decades_of(self, scores: Scores) -> NDArray[np.float64]:
        """Return -log10 P(S >= score) for raw scores of any shape; NaN stays NaN."""
        num_cells = len(self.decades) - 1
        places = (np.asarray(scores, np.float64) - self.low) * (num_cells / (self.high - self.low))
        places = np.clip(places, 0, num_cells)
        # A cell has to be a number: NaN comes back below, by the part between the nodes.
        known = np.nan_to_num(places, nan=0.0)
        cells = np.minimum(known.astype(np.intp), num_cells - 1)
        below = self.decades[cells]
        return np.asarray(below + (places - cells) * (self.decades[cells + 1] - below))

    def rough_rarity(self, scores: Scores) -> NDArray[np.float32]:
        """Return the rarity of the node below each score, several times as fast, for choosing among very many.

        Parameters
        ----------
        scores : ndarray of any shape, float32, NaN where missing

        Returns
        -------
        rarities : ndarray of that shape, float32, 0..1, NaN where missing
        """
        num_cells = len(self.decades) - 1
        table = np.append(rarity_of(self.decades), np.nan).astype(np.float32)
        places = np.subtract(scores, np.float32(self.low), dtype=np.float32)
        places *= np.float32(num_cells / (self.high - self.low))
        np.clip(places, 0, num_cells, out=places)
        # One place behind the last node stands NaN, so that what is missing is looked up like everything else.
        np.nan_to_num(places, copy=False, nan=num_cells + 1)
        return table[places.astype(np.int32)]


def rarity_of(decades: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return decades of any shape clipped to 6, divided by 6 and to the power 1.5, so 0..1; NaN stays NaN."""
    shares = np.minimum(decades, MAX_DECADES) / MAX_DECADES
    return np.asarray(shares * np.sqrt(shares))  # the power 1.5, ten times as fast


def one_in_of(rarity: float) -> float:
    """Return n of "1 random pair in n" for a rarity of 0..1: at least 1, a million for a rarity of 1."""
    return float(10.0 ** (MAX_DECADES * rarity ** (2 / 3)))


UNKNOWN = Calibration(-1.0, 1.0, np.zeros(NUM_CELLS + 1), 0)
"""What a gallery without a single pair can say: nothing is rare."""


def fit(samples: Scores, prior: Scale | None = None, num_images: int = 0) -> Calibration:
    """Fit a calibration to the raw scores of random pairs.

    Within the sample P is the share of pairs that score at least as much. Above its k highest scores (0.1 % of the
    sample, 200 at least, a tenth at most) the excess follows a generalised Pareto law, as in the peaks-over-threshold
    method (Pickands 1975), see `fit_tail`. It ends MAX_TAIL_DECADES after the sample does: ten pairs never support
    more than "one pair in a thousand"; and it never makes rarer what five pairs of the sample reach by more than half.

    Scores may be few values, as those of 64-bit fingerprints, or the 0 of most pairs without a common keypoint. So what
    exceeds the threshold counts from the first score above it, less half that step (the continuity correction of
    discrete laws). And each node holds P at the node before it: between two nodes a score is never called rarer than
    it is, and a score that many pairs share is exactly as rare as they are.

    Parameters
    ----------
    samples : ndarray of shape (n,), float, raw scores, at most 1; NaN are left out
    prior : what is known of such scores from elsewhere, which counts as `background.blend` says
    num_images : that the pairs were made of; asked for where there is a prior

    Returns
    -------
    calibration : never falling in the score; `UNKNOWN` when there is neither a score nor a prior
    """
    pairs = np.sort(np.asarray(samples, np.float64)[np.isfinite(samples)])
    num = len(pairs)
    if not num and prior is None:
        return UNKNOWN
    high = max(1.0, float(pairs[-1])) if num else 1.0
    low = min(_lowest(pairs, prior, num_images), high - MIN_SPAN)
    nodes = np.linspace(low, high, NUM_CELLS + 1)
    nodes -= nodes[1] - nodes[0]
    decades, borrowed = (_decades_at(nodes, pairs) if num else np.zeros(len(nodes))), 0.0
    if prior is not None:
        # Beyond what rarities tell apart nothing is borrowed: two tails would only add up their errors.
        known = np.minimum(prior.decades_of(nodes), MAX_DECADES)
        decades, weights = blend(decades, known, num, num_images)
        borrowed = float(weights[min(int(np.searchsorted(decades, NAMED_DECADES)), NUM_CELLS)])
    if num:
        decades[0] = 0.0
    return Calibration(low, high, np.maximum.accumulate(decades), num, borrowed)


def _lowest(pairs: NDArray[np.float64], prior: Scale | None, num_images: int) -> float:
    """Return the score at which a table begins, unless what is borrowed tells even lower ones apart.

    A table that begins lower than it must is coarser where nearly all pairs of a library are much alike: one pair in a
    hundred may lie below it, and is then called as common as any.
    """
    if not len(pairs):
        return prior.low if prior else 0.0
    lowest = pairs[len(pairs) // 100]
    if prior is None:
        return float(lowest)
    said = blend(np.zeros(1), prior.decades_of(np.array([lowest])), len(pairs), num_images)[0]
    return float(lowest) if said[0] < COMMON_DECADES else min(float(lowest), prior.low)


def _decades_at(nodes: NDArray[np.float64], pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the decades of scores, ascending, by a sample of pairs, ascending and not empty."""
    num = len(pairs)
    reached = num - np.searchsorted(pairs, nodes, side="left")
    decades = np.log10(num / np.maximum(reached, 1))

    threshold = pairs[-max(1, min(max(MIN_TAIL, round(TAIL_SHARE * num)), num // 10))]
    above = pairs[np.searchsorted(pairs, threshold, side="right") :]
    first = float(above[0]) if len(above) else float(threshold)
    tail = fit_tail(above - (threshold + first) / 2)
    beyond = nodes >= threshold
    rarer = np.log10(num / max(len(above), 1)) + tail.decades_of(np.maximum(nodes[beyond] - first, 0))
    supported = np.where(reached[beyond] >= MIN_SUPPORT, decades[beyond] + np.log10(2), np.inf)
    decades[beyond] = np.minimum(np.minimum(rarer, supported), np.log10(num) + MAX_TAIL_DECADES)
    return np.maximum.accumulate(decades)


@dataclass(frozen=True, slots=True)
class Tail:
    """A generalised Pareto law of what exceeds a threshold: P(X >= x) = (1 + shape x / scale)^(-1 / shape)."""

    scale: float
    shape: float

    def decades_of(self, excesses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return -log10 P(X >= x) for excesses of any shape, >= 0; infinite beyond the law's end."""
        relative = excesses / self.scale
        if abs(self.shape) < 1e-6:
            return np.asarray(relative / np.log(10))
        with np.errstate(divide="ignore", invalid="ignore"):
            grown = np.log10(np.maximum(1 + self.shape * relative, 0.0)) / self.shape
        return np.asarray(grown)


def fit_tail(excesses: NDArray[np.float64]) -> Tail:
    """Fit a generalised Pareto law to what exceeds a threshold.

    The shape is that of the probability-weighted moments (Hosking and Wallis, "Parameter and quantile estimation for
    the generalized Pareto distribution", Technometrics 1987), which stays sensible for few and for odd excesses, held
    within MIN_SHAPE..MAX_SHAPE; with fewer than MIN_SHAPED different ones it is 0, the exponential law. The scale is
    the one that gives the mean excess, drawn towards PRIOR_EXCESS while there are few.

    Parameters
    ----------
    excesses : ndarray of shape (n,), > 0, ascending; n may be 0

    Returns
    -------
    tail : with a scale above 0
    """
    num = len(excesses)
    prior = PRIOR_WEIGHT * max(0.0, 1 - num / MIN_SHAPED)
    mean = (float(excesses.sum()) + PRIOR_EXCESS * prior) / (num + prior)
    shape = 0.0
    if len(np.unique(excesses)) >= MIN_SHAPED:
        # Hosking and Wallis's plotting position.
        above = 1 - (np.arange(1, num + 1) - 0.35) / num  # of a draw, the chance to exceed each of them
        first, second = float(excesses.mean()), float(np.mean(above * excesses))
        shape = float(np.clip(2 - first / (first - 2 * second), MIN_SHAPE, MAX_SHAPE))
        # That the law ends just beyond the highest of so many is not believed.
        while shape < -0.01 and Tail(mean * (1 - shape), shape).decades_of(excesses[-1:])[0] > np.log10(4 * num):
            shape *= 0.8
    return Tail(mean * (1 - shape), shape)


def sample_cosines(vectors: Vectors, rows: NDArray[np.int64], seed: int, sampling: Sampling = LIBRARY) -> Scores:
    """Return the cosines of all pairs among up to 2000 random rows: every pair of a small gallery.

    Parameters
    ----------
    vectors : ndarray of shape (n, dim), float32, L2 norm 1; may be a memory map
    rows : ndarray of the rows to draw from, ascending
    seed : of the draw
    sampling : how many rows at most

    Returns
    -------
    scores : ndarray of shape (r * (r - 1) / 2,), r = min(len(rows), sampling.rows)
    """
    drawn = draw(rows, sampling.rows, np.random.default_rng(seed))
    block = np.asarray(vectors[drawn], np.float32)
    # Each pair once, and no row with itself.
    upper = np.triu_indices(len(drawn), k=1)
    return np.asarray((block @ block.T)[upper], np.float32)


def sample_scores(
    compare: Callable[[NDArray[np.generic], Vectors], Scores],
    vectors: Vectors,
    rows: NDArray[np.int64],
    seed: int,
    sampling: Sampling = LIBRARY,
) -> Scores:
    """Return the scores of random pairs under a costly comparison: all pairs of a small gallery, else 200 x 100.

    Parameters
    ----------
    compare : the method's `scores`: (dim,), (n, dim) -> (n,)
    vectors, rows, seed, sampling : see `sample_cosines`
    """
    generator = np.random.default_rng(seed)
    queries = draw(rows, sampling.queries, generator)
    if len(rows) <= sampling.queries:
        blocks = [compare(vectors[row], vectors[queries[n + 1 :]]) for n, row in enumerate(queries[:-1])]
    else:
        blocks = []
        for row in queries:
            partners = draw(rows, sampling.partners, generator)
            blocks.append(compare(vectors[row], vectors[partners[partners != row]]))
    return np.concatenate(blocks) if blocks else np.empty(0, np.float32)


def draw(rows: NDArray[np.int64], count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return up to `count` distinct rows, ascending so that a memory map is read forwards."""
    return rows if len(rows) <= count else np.sort(generator.choice(rows, count, replace=False))
