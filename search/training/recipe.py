"""What a training is made of: numbers that, with the same images and teacher, give the same encoder."""

from __future__ import annotations

import importlib.util
import math
import os
from dataclasses import asdict, dataclass
from typing import Any

from search.exceptions import TrainingError
from search.training import network

BACKENDS = ("tensorflow", "jax", "torch")
PRECISIONS = ("float32", "bfloat16")
MIN_IMAGES = 100
"""Fewer photographs to learn from than these are refused."""
_SMALL_SIDE = 64


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an encoder is trained."""

    side: int = 64  # of the input, in pixels
    variants: int = 6  # of each photograph: one whole, the others cropped
    batch: int = 128
    seed: int = 20
    peak_rate: float = 2e-3
    warmup_steps: int = 200
    weight_decay: float = 0.02
    averaging: float = 0.998  # of the weights over steps
    likeness_weight: float = 4.0  # of the loss between similarity matrices
    places_weight: float = 0.5  # of the loss between maps of places
    widths: tuple[int, ...] = network.WIDTHS
    depth: int = network.DEPTH
    stem: int = network.STEM
    precision: str = "float32"  # of what flows through the network; weights and losses have 32 bits
    small_share: float = 0.6  # of the budget, at first, in which pictures are smaller; see `side_at`

    @property
    def stored(self) -> int:
        """Height and width at which variants are kept, in pixels."""
        return max(96, self.side)

    def side_at(self, share: float) -> int:
        """Return the side of the pictures when this share of the budget is used up.

        Small pictures cost less than half, and teach what does not depend on size (Tan and Le, "EfficientNetV2",
        ICML 2021). A multiple of 16, by which the network divides.
        """
        small = max(_SMALL_SIDE, round(self.side * 2 / 3 / 16) * 16)
        return min(self.side, small) if share < self.small_share else self.side

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self) | {"widths": list(self.widths)}


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to train: so many minutes, or so many times over the images."""

    minutes: float | None = None
    steps: int | None = None

    def share(self, step: int, seconds: float) -> float:
        """Return how much of it is used up, 0..1."""
        used = seconds / (self.minutes * 60) if self.minutes is not None else step / max(1, self.steps or 0)
        return min(1.0, used)


def learning_rate(recipe: Recipe, step: int, share: float) -> float:
    """Return the rate of a step: rising at first, then falling along half a cosine to a hundredth of the peak."""
    falling = max(0.01, 0.5 * (1 + math.cos(math.pi * share)))
    return recipe.peak_rate * falling * min(1.0, step / recipe.warmup_steps)


def use_backend(name: str) -> None:
    """Make Keras run on this library.

    Raises
    ------
    TrainingError : it is not installed, or Keras runs on another one in this process already
    """
    if importlib.util.find_spec(name) is None:
        raise TrainingError("backend_missing", backend=name)
    os.environ["KERAS_BACKEND"] = name
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    if keras.backend.backend() != name:
        raise TrainingError("another_backend_runs", running=keras.backend.backend(), wanted=name)
