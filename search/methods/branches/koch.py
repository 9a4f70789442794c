"""The textbook's siamese branch: convolutions of 10, 7, 4 and 4 pixels and 4096 sigmoid units on gray images.

Koch, Zemel and Salakhutdinov, "Siamese neural networks for one-shot image recognition" (ICML deep learning workshop
2015), figure 4. Every convolution but the last is followed by a maximum over 2 x 2 places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError
from search.methods.base import check_images, gray, resize
from search.types import RGBImage

SIDE = 105
"""Height and width of the input, in pixels."""
UNITS = 4096
CONVOLUTIONS = ((10, 64), (7, 128), (4, 128), (4, 256))
"""Side of the kernel and number of filters of each convolution."""


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    side, channels = SIDE, 1
    for number, (kernel, filters) in enumerate(CONVOLUTIONS):
        shapes |= {f"kernel{number}": (kernel, kernel, channels, filters), f"shift{number}": (filters,)}
        side, channels = side - kernel + 1, filters
        # Only the last convolution is not followed by a maximum; halves are rounded down, as Keras does.
        side //= 1 if number == len(CONVOLUTIONS) - 1 else 2
    return shapes | {"dense": (side * side * channels, UNITS), "dense_shift": (UNITS,)}


SHAPES = _shapes()
"""Shape of each array of the network."""


def prepare(images: Sequence[RGBImage]) -> NDArray[np.uint8]:
    """Return gray pictures of 105 x 105, whatever the aspect ratio; shape (n, 105, 105).

    Raises
    ------
    ValueError : an image is empty or not three-channel uint8
    """
    check_images(images)
    pictures = [resize(gray(image), SIDE, SIDE) for image in images]
    return np.stack(pictures) if pictures else np.empty((0, SIDE, SIDE), np.uint8)


def activations(arrays: Mapping[str, NDArray[Any]], pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Run the network up to its 4096 sigmoid units.

    Parameters
    ----------
    arrays : by name, of the shapes in `SHAPES`; kernels of shape (height, width, channels, filters), as Keras has them
    pictures : ndarray of shape (n, 105, 105), uint8

    Returns
    -------
    activations : ndarray of shape (n, 4096), float32, 0..1

    Raises
    ------
    DimensionMismatchError : pictures of another shape or type
    """
    if pictures.shape[1:] != (SIDE, SIDE) or pictures.dtype != np.uint8:
        about = {"side": SIDE, "shape": str(pictures.shape), "dtype": pictures.dtype}
        raise DimensionMismatchError("gray_pictures_expected", **about)
    flat = np.empty((len(pictures), SHAPES["dense"][0]), np.float32)
    # One at a time: the windows of one picture alone take some twenty megabytes.
    for place, picture in enumerate(pictures):
        flat[place] = _convolved(arrays, picture)
    sums = flat @ arrays["dense"] + arrays["dense_shift"]
    # Clipped, because float32 ends at exp(88).
    return np.asarray(1 / (1 + np.exp(-np.clip(sums, -80, 80))), np.float32)


def _convolved(arrays: Mapping[str, NDArray[Any]], picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the maps behind the last convolution of one (105, 105) picture, as one row."""
    maps: NDArray[np.float32] = picture.astype(np.float32)[:, :, None] / np.float32(255)
    for number, (kernel, _filters) in enumerate(CONVOLUTIONS):
        windows = sliding_window_view(maps, (kernel, kernel), axis=(0, 1))  # (height, width, channels, kernel, kernel)
        sums = np.tensordot(windows, arrays[f"kernel{number}"], axes=([3, 4, 2], [0, 1, 2]))
        maps = np.asarray(np.maximum(sums + arrays[f"shift{number}"], 0), np.float32)
        if number < len(CONVOLUTIONS) - 1:
            maps = _halved(maps)
    return maps.ravel()


def _halved(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the maximum of each 2 x 2 places; an odd last row or column is left out."""
    height, width, channels = maps.shape[0] // 2, maps.shape[1] // 2, maps.shape[2]
    blocks = maps[: 2 * height, : 2 * width].reshape(height, 2, width, 2, channels)
    return np.asarray(blocks.max(axis=(1, 3)))
