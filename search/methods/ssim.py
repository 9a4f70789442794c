"""Structural similarity (SSIM) of two images, scaled down and gray."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from search.methods.base import PairwiseMethod, check_bytes, check_images, gray, normalize_rows, resize
from search.types import RGBImage, Scores, Vectors

SIDE = 64
"""Side in pixels of the stored gray picture; the aspect ratio is given up so that any two can be compared."""
WINDOW = 7
"""Side in pixels of the window that slides over both pictures (scikit-image's default)."""
CELLS = 8
"""Cells a side of the proxy vector by which candidates are found."""
FLAT_DEVIATION = 8.0
"""Standard deviation of gray levels at which a window counts as half flat."""
LAYOUT_WEIGHT = 0.6
"""Weight of light and dark against flatness in the proxy."""

_AREA = WINDOW**2
_C1 = (0.01 * 255) ** 2 * _AREA**2  # the paper's constants, scaled like the integer sums below
_C2 = (0.03 * 255) ** 2 * _AREA * (_AREA - 1)
_EDGE = WINDOW // 2
_CHUNK = 16  # candidates compared at once: their sums stay in the processor's cache


class Ssim(PairwiseMethod):
    """Mean SSIM of 64 x 64 gray pictures (Wang et al., "Image quality assessment", IEEE TIP 2004), -1..1."""

    name = "ssim"
    version = "gray-64-1"
    dim = SIDE * SIDE

    @property
    def dtype(self) -> type[np.generic]:
        """Type of the stored numbers: gray levels."""
        return np.uint8

    def describe(self, images: Sequence[RGBImage]) -> Vectors:
        """Shrink images to gray pictures of 64 x 64; see `Method.describe`. Rows are uint8, 0..255."""
        check_images(images)
        if not images:
            return np.empty((0, self.dim), np.uint8)
        return np.stack([resize(gray(image), SIDE, SIDE).ravel() for image in images])

    def scores(self, query: NDArray[Any], vectors: Vectors) -> Scores:
        """Compute the SSIM of one picture with many.

        Equal within 1e-6 to `skimage.metrics.structural_similarity(query, candidate, win_size=7, data_range=255)`.
        Candidates are stacked into one tall picture, so that each sum over the windows is one pass of a box filter;
        only windows that lie wholly inside a picture count, so neighbors in the stack never mix. All sums are exact
        integers; memory is bounded, whatever the number of candidates.

        Parameters
        ----------
        query : ndarray of shape (4096,), dtype uint8
        vectors : ndarray of shape (n, 4096), dtype uint8

        Returns
        -------
        scores : ndarray of shape (n,), dtype float32, -1..1, larger is closer

        Raises
        ------
        DimensionMismatchError : another length or dtype
        """
        check_bytes(self, query, vectors)
        picture = query.reshape(SIDE, SIDE)
        scores = np.empty(len(vectors), np.float32)
        comparison = _Comparison(picture, min(_CHUNK, len(vectors)))
        for start in range(0, len(vectors), _CHUNK):
            stop = min(start + _CHUNK, len(vectors))
            scores[start:stop] = comparison.scores(np.ascontiguousarray(vectors[start:stop]))
        return scores

    def proxy(self, vectors: Vectors) -> NDArray[np.float32]:
        """Derive vectors whose dot product follows the SSIM.

        Where both pictures are flat, SSIM compares their brightness; where one is flat it is near 0; elsewhere it
        follows the layout of light and dark. So a vector holds, in 8 x 8 cells, how flat the picture is times how
        light, how flat times how dark, and its mean gray levels less their mean. On development images 0.70 of the 20
        most alike by SSIM are among the first 100 of 900 by these 192 numbers, 0.52 by a 16 x 16 layout alone.

        Parameters
        ----------
        vectors : ndarray of shape (n, 4096), dtype uint8

        Returns
        -------
        proxies : ndarray of shape (n, 192), dtype float32, L2 norm 1

        Raises
        ------
        DimensionMismatchError : another length or dtype
        """
        check_bytes(self, vectors[0] if len(vectors) else np.zeros(self.dim, np.uint8), vectors)
        proxies = np.empty((len(vectors), 3 * CELLS * CELLS), np.float32)
        for start in range(0, len(vectors), _CHUNK):
            pictures = np.ascontiguousarray(vectors[start : start + _CHUNK]).reshape(-1, SIDE, SIDE)
            proxies[start : start + _CHUNK] = _proxies_of(pictures)
        return proxies

    @staticmethod
    def textbook_similarity(first: RGBImage, second: RGBImage) -> float:
        """Compare two images by the textbook definition; see the function of the same name."""
        return textbook_similarity(first, second)


def _window_sums(pictures: NDArray[Any], sums: NDArray[np.int32] | None = None) -> NDArray[np.int32]:
    """Sum each 7 x 7 window around its center, into `sums` if given; same shape, exact."""
    size, border = (WINDOW, WINDOW), cv2.BORDER_REPLICATE
    return np.asarray(cv2.boxFilter(pictures, cv2.CV_32S, size, sums, normalize=False, borderType=border), np.int32)


def _square_sums(pictures: NDArray[np.uint8], sums: NDArray[np.int32] | None = None) -> NDArray[np.int32]:
    """Sum the squares in each 7 x 7 window around its center, into `sums` if given; same shape, exact."""
    size, border = (WINDOW, WINDOW), cv2.BORDER_REPLICATE
    return np.asarray(cv2.sqrBoxFilter(pictures, cv2.CV_32S, size, sums, normalize=False, borderType=border), np.int32)


class _Comparison:
    """One (64, 64) picture against many, a chunk at a time.

    The intermediate sums are written to the same arrays again and again: taking new ones from the system for every
    chunk would cost more than the arithmetic.
    """

    def __init__(self, picture: NDArray[np.uint8], count: int) -> None:
        self._pictures = np.tile(picture, (count, 1))
        self._sum, square_sum = _window_sums(picture), _square_sums(picture)
        self._squared = self._sum * self._sum
        self._variance = _AREA * square_sum - self._squared
        tall = (count * SIDE, SIDE)
        self._products = np.empty(tall, np.uint16)
        self._sums, self._square_sums, self._product_sums = (np.empty(tall, np.int32) for _ in range(3))
        self._means = np.empty((count, SIDE, SIDE), np.int32)
        self._above, self._below, self._factor = (np.empty((count, SIDE, SIDE), np.float32) for _ in range(3))

    def scores(self, candidates: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the mean SSIM of the picture with each of (n, 4096) candidates, n <= count; shape (n,)."""
        count = len(candidates)
        tall, rows = candidates.reshape(count * SIDE, SIDE), slice(0, count * SIDE)
        products = np.multiply(self._pictures[rows], tall, out=self._products[rows], dtype=np.uint16)
        shape = (count, SIDE, SIDE)
        sums = _window_sums(tall, self._sums[rows]).reshape(shape)
        variances = _square_sums(tall, self._square_sums[rows]).reshape(shape)
        covariances = _window_sums(products, self._product_sums[rows]).reshape(shape)
        means, above, factor = self._means[:count], self._above[:count], self._factor[:count]
        # Every integer below stays under 2^31: a window holds at most 49 x 255.
        np.multiply(sums, self._sum, out=means)
        covariances *= _AREA
        covariances -= means
        variances *= _AREA
        sums *= sums
        variances -= sums
        variances += self._variance
        sums += self._squared
        _plus(means, _C1 / 2, above)
        above *= _plus(covariances, _C2 / 2, factor)
        below = _plus(variances, _C2, self._below[:count])
        below *= _plus(sums, _C1, factor)
        above /= below
        # Windows that reach over the edge hold invented pixels; scikit-image leaves them out, too.
        inside = above[:, _EDGE:-_EDGE, _EDGE:-_EDGE]
        return np.asarray(4 * inside.mean(axis=(1, 2), dtype=np.float64), np.float32)


def _proxies_of(pictures: NDArray[Any]) -> NDArray[np.float32]:
    """Return the proxies of (n, 64, 64) pictures; shape (n, 192)."""
    sums = np.stack([_window_sums(picture) for picture in pictures])
    squares = np.stack([_square_sums(picture) for picture in pictures])
    variances = (_AREA * squares - sums * sums) / np.float32(_AREA**2)
    flatness = 1 / (1 + variances / FLAT_DEVIATION**2)
    lightness = sums.astype(np.float32) / (_AREA * 255)
    flat = np.hstack([_cells(flatness * lightness), _cells(flatness * (1 - lightness))])
    layout = _cells(pictures.astype(np.float32))
    # Brightness as a whole is in the other half already, where pictures are flat enough for it to matter.
    layout -= layout.mean(axis=1, keepdims=True)
    layout[np.abs(layout).max(axis=1) < 0.5] = 0  # less than half a gray level is rounding, not layout
    return normalize_rows(np.hstack([normalize_rows(flat), LAYOUT_WEIGHT * normalize_rows(layout)]))


def _cells(planes: NDArray[Any]) -> NDArray[np.float32]:
    """Return the means of 8 x 8 cells of (n, 64, 64) planes; shape (n, 64)."""
    size = SIDE // CELLS
    means = planes.reshape(-1, CELLS, size, CELLS, size).mean(axis=(2, 4))
    return np.asarray(means.reshape(-1, CELLS * CELLS), np.float32)


def _plus(integers: NDArray[np.int32], constant: float, out: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add a constant to exact integers, in float32, into `out`."""
    return np.add(integers, np.float32(constant), out=out, dtype=np.float32, casting="unsafe")


def textbook_similarity(first: RGBImage, second: RGBImage) -> float:
    """Compare two images by the textbook definition: SSIM of the gray images.

    Images of different sizes are both resized to the smaller height and the smaller width of the two.

    Parameters
    ----------
    first, second : ndarrays of shape (H, W, 3), dtype uint8, RGB

    Returns
    -------
    similarity : -1..1, 1 for equal images (`skimage.metrics.structural_similarity`)

    Raises
    ------
    ValueError : not a non-empty three-channel uint8 image
    """
    from skimage.metrics import structural_similarity  # heavy, and never loaded in the web process

    check_images([first, second])
    # The window needs 7 x 7 pixels; smaller images are enlarged to that.
    height = max(WINDOW, min(first.shape[0], second.shape[0]))
    width = max(WINDOW, min(first.shape[1], second.shape[1]))
    planes = [resize(gray(image), height, width) for image in (first, second)]
    return float(structural_similarity(*planes, data_range=255))
