"""A loaded network, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.exceptions import WeightsError

Run = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
CAUSE_LENGTH = 150


@dataclass(frozen=True, slots=True)
class Network:
    """Pixels in, one row of numbers per image out."""

    size: tuple[int, int]  # (height, width) of the input
    dim: int
    embeds: bool  # rows are meant to be compared as they are; else they are activations, to be rooted
    run: Run  # (n, height, width, 3) RGB -> (n, dim)
    classify: Run | None = None  # the same pixels -> (n, 1000) logits of ImageNet's classes, where the network has them


def unreadable(code: str, path: Path, error: Exception, **about: str) -> WeightsError:
    """Return what to raise where a library cannot read a file: with what it said, cut short."""
    # Keras answers a damaged file with pages of advice; its first line says what is wrong.
    cause = str(error).strip().partition("\n")[0][:CAUSE_LENGTH].strip()
    return WeightsError(code, path=path, cause=cause, **about)
