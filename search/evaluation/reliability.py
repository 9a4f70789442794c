"""Whether the words hold: of pairs said to be one in a hundred, how many are there really?"""

from __future__ import annotations

from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from search.evaluation.plan import MeasurementPlan
from search.evaluation.rankings import Field
from search.features import registry
from search.scoring.calibration import Sampling, fit, sample_cosines, sample_scores
from search.types import Scores

LEVELS = np.arange(0.5, 6.01, 0.5)
"""Decades, -log10 P, at which the claim is compared with what is seen."""
LEAST_PAIRS = 10
"""A level is left out where fewer pairs than these would reach it if the claim held."""
LEAST_IMAGES = 20
SAMPLING = Sampling(queries=100, partners=100)
"""Half as many queries as a generation is calibrated by: two samples are needed of every method."""


def measure_reliability(field: Field, plan: MeasurementPlan) -> dict[str, Any]:
    """Calibrate each method on pairs among one half of the images and look at pairs among the other half.

    No image is on both sides, so what is seen is how well the words hold for images that are new.

    Returns
    -------
    by method : {"pairs", "levels", "claimed", "observed"}, the latter three in decades, -log10 P, at the levels that
        the sample can tell; methods that describe fewer than twenty images are left out
    """
    found = {}
    for done, name in enumerate(field.rows, start=1):
        plan.progress("reliability", done, len(field.rows))
        present = np.flatnonzero(field.rows[name][1])
        if len(present) >= LEAST_IMAGES:
            found[name] = _compare(field, name, present)
    return found


def _compare(field: Field, name: str, present: NDArray[np.intp]) -> dict[str, Any]:
    shuffled = np.random.default_rng(settings.ENV.index_seed).permutation(present)
    halves = (np.sort(shuffled[: len(present) // 2]), np.sort(shuffled[len(present) // 2 :]))
    table = fit(_sample(field, name, halves[0]))
    claimed = table.decades_of(_sample(field, name, halves[1]))
    # A little less, since calibrations of few values meet a level exactly but for rounding.
    levels = [(level, *_at(claimed, level)) for level in LEVELS.tolist() if (claimed >= level - 1e-9).any()]
    kept = [each for each in levels if len(claimed) * 10.0 ** -each[1] >= LEAST_PAIRS]
    return {
        "pairs": len(claimed),
        "levels": [level for level, _said, _seen in kept],
        "claimed": [round(said, 3) for _level, said, _seen in kept],
        "observed": [round(seen, 3) for _level, _said, seen in kept],
    }


def _at(claimed: NDArray[np.float64], level: float) -> tuple[float, float]:
    """Return the least that is said of the pairs from a level on, and what is seen of them, in decades.

    A method whose scores are few values says nothing between two of them, so what it says may lie above the level.
    """
    reached = claimed[claimed >= level - 1e-9]
    return float(reached.min()), float(-np.log10(len(reached) / len(claimed)))


def _sample(field: Field, name: str, rows: NDArray[np.intp]) -> Scores:
    method, vectors = registry.methods()[name], field.rows[name][0]
    if method.pairwise or method.reranks:
        return sample_scores(method.scores, vectors, rows, settings.ENV.index_seed, SAMPLING)
    return sample_cosines(vectors, rows, settings.ENV.index_seed, SAMPLING)
