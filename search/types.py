"""What passes between the rooms of the search app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

RGBImage = NDArray[np.uint8]
"""Shape (H, W, 3), dtype uint8, RGB, 0..255."""
Vectors = NDArray[np.float32] | NDArray[np.uint8]
"""Shape (n, dim): one row per image, float32 (unit length) or uint8, as the method says."""
Scores = NDArray[np.float32]
"""Shape (n,): raw similarities, larger is closer; NaN where a method has nothing for an image."""


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A hit of one index: the row in the generation and its raw score (larger is closer)."""

    row: int
    score: float


@dataclass(frozen=True, slots=True)
class MethodScore:
    """How alike one method finds two images; `raw` and what follows are None when the method is missing."""

    method: str
    weight: float
    raw: float | None = None
    rarity: float | None = None  # 0..1, clipped -log10 P / 6
    one_in: float | None = None  # "1 random pair in `one_in` is at least this alike"
    share: float | None = None  # 0..1, this method's part of the fused score; shares add up to 1
    rank: int | None = None  # 1 = the closest candidate in this method


@dataclass(frozen=True, slots=True)
class Result:
    """One image of the answer, ranked, with its reasons."""

    image_id: int
    rank: int
    score: float  # 0..1
    methods: Mapping[str, MethodScore]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one query."""

    results: list[Result]
    weights: Mapping[str, float]
    num_candidates: int
    num_images: int  # images searched: generation + delta - removed
    exact: bool
    generation_id: int | None
    missing_methods: Mapping[str, str] = field(default_factory=dict)  # method -> why the query has no feature for it
    degraded: str = ""  # why the index is not what it should be; empty when all is well
    seconds: float = 0.0
