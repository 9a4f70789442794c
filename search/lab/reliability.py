"""Whether the words hold: of pairs said to be one in a hundred, how many are there really?"""

from __future__ import annotations

from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from search import features
from search.calibration import fit, sample_cosines, sample_scores
from search.lab.judge import Field
from search.lab.plan import Plan
from search.types import Scores

LEVELS = np.arange(0.5, 6.01, 0.5)
"""Decades, -log10 P, at which the claim is compared with what is seen."""
LEAST_PAIRS = 10
"""A level is left out where fewer pairs than these would reach it if the claim held."""
LEAST_IMAGES = 20


def measure_reliability(field: Field, plan: Plan) -> dict[str, Any]:
    """Calibrate each method on pairs among one half of the images and look at pairs among the other half.

    No image is on both sides, so what is seen is how well the words hold for images that are new.

    Returns
    -------
    by method : {"pairs", "claimed", "observed"}, the latter two in decades, -log10 P; at the levels that the sample
        can tell; empty where a method has fewer than twenty images
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
    levels = LEVELS[len(claimed) * 10.0**-LEVELS >= LEAST_PAIRS]
    shares = np.array([np.mean(claimed >= level - 1e-9) for level in levels])
    seen = -np.log10(np.maximum(shares, 0.5 / max(len(claimed), 1)))
    return {"pairs": len(claimed), "claimed": levels.tolist(), "observed": np.round(seen, 3).tolist()}


def _sample(field: Field, name: str, rows: NDArray[np.intp]) -> Scores:
    method, vectors = features.methods()[name], field.rows[name][0]
    if method.pairwise or method.reranks:
        return sample_scores(method.scores, vectors, rows, settings.ENV.index_seed)
    return sample_cosines(vectors, rows, settings.ENV.index_seed)
