"""A loaded network, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Network:
    """Pixels in, one row of numbers per image out."""

    size: tuple[int, int]  # (height, width) of the input
    dim: int
    embeds: bool  # rows are meant to be compared as they are; else they are activations, to be rooted
    run: Callable[[NDArray[np.uint8]], NDArray[np.float32]]  # (n, height, width, 3) RGB -> (n, dim)
