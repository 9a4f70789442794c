"""What makes two images duplicates: which measurements must agree, and from which values on. Pure.

Measured by `benchmarks/duplicates.py` on photographs and edited copies of them; the figures stand in
docs/duplicates.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.public.scoring import Calibration, PairTables, is_edited, tabulate

EDITED, NEAR, NOTHING = 3, 4, 0
"""As `DuplicateGroup.Tier` numbers them."""

WEIGHTS = {"siamese": 0.3, "local": 0.35, "phash": 0.15, "deep": 0.2}
"""By which likeness is fused: a mix that finds edited copies, for which the thresholds below were measured; it does not
change with the weights of searches."""
LEAST_FUSED = 0.5
"""Likeness from which on two images are near duplicates."""

Raw = Mapping[str, NDArray[np.float32]]
"""By method: raw scores of shape (n,), NaN = missing."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the evidence says of pairs.

    Attributes
    ----------
    tier : ndarray of shape (n,), int8: EDITED, NEAR or NOTHING
    score : ndarray of shape (n,), float64, 0..1: fused likeness, 0 where no method has anything to say
    """

    tier: NDArray[np.int8]
    score: NDArray[np.float64]


def judge(raw: Raw, tables: Mapping[str, Calibration] | PairTables, num_pairs: int) -> Judged:
    """Judge pairs by their raw scores.

    Parameters
    ----------
    raw : see `Raw`; methods may be missing
    tables : to tell how rare such scores are among random pairs
    num_pairs : n

    Returns
    -------
    judged : copies first: a pair that is both is an edited copy
    """
    score = likeness(raw, tables, num_pairs)
    tier = np.where(score >= LEAST_FUSED, NEAR, NOTHING).astype(np.int8)
    tier[is_edited(raw, num_pairs)] = EDITED
    return Judged(tier, score)


def likeness(raw: Raw, tables: Mapping[str, Calibration] | PairTables, num_pairs: int) -> NDArray[np.float64]:
    """Return the fused score of pairs, 0..1, shape (n,); 0 where no method has anything to say."""
    names = [name for name in WEIGHTS if name in raw and name in tables]
    known = np.array([raw[name] for name in names], np.float32).reshape(len(names), num_pairs)
    return np.nan_to_num(tabulate(names, known, tables, WEIGHTS).fused)
