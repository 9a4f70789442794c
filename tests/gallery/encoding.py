"""Pictures as bytes of any format."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def encode(picture: NDArray[Any] | Image.Image, name: str, **options: Any) -> bytes:
    """Return a file of that format."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def mean_difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return the mean absolute difference of two pictures of the same size, 0..255."""
    assert one.shape == other.shape
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())
