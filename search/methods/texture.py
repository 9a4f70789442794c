"""Fine patterns of light and dark: histograms of local binary patterns at several scales."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search.methods.base import Method, check_images, gray, normalize_rows, resize_longest
from search.types import RGBImage, Vectors

SIDES = (128, 64, 32)
"""Longest sides in pixels of the scales. Smaller copies see coarser patterns at a quarter of the cost each."""
POINTS, RADIUS = 16, 2
"""Neighbors on the circle around each pixel, and its radius in pixels."""


class Texture(Method):
    """Square-rooted histograms of uniform local binary patterns, joined over the scales.

    Source: Ojala, Pietikainen and Maenpaa, "Multiresolution gray-scale and rotation invariant texture classification
    with local binary patterns", PAMI 2002 (`skimage.feature.local_binary_pattern`, method "uniform"). The cosine of
    two rows is the mean over the scales of the histograms' Bhattacharyya coefficients (Hellinger kernel).
    """

    name = "texture"
    version = "lbp-16-2-128-64-32-inner-1"
    dim = len(SIDES) * (POINTS + 2)

    def warm_up(self) -> None:
        """Import scikit-image."""
        import skimage.feature  # noqa: F401 (heavy, and never loaded in the web process)

    def describe(self, images: Sequence[RGBImage]) -> Vectors:
        """Describe images by their texture; see `Method.describe`. All numbers are >= 0."""
        check_images(images)
        if not images:
            return np.empty((0, self.dim), np.float32)
        return normalize_rows(np.sqrt(np.stack([_histograms(image) for image in images])))


def _histograms(image: RGBImage) -> NDArray[np.float64]:
    """Return the share of pixels per pattern, scale after scale; shape (dim,), each scale adds up to 1."""
    plane = gray(image)
    histograms = []
    for side in SIDES:
        # Of the scale before: cheaper than of the whole picture, and means of means are nearly the same.
        plane = resize_longest(plane, side)
        histograms.append(_pattern_shares(plane))
    return np.concatenate(histograms)


def _pattern_shares(plane: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the share of pixels of each uniform pattern; shape (POINTS + 2,), adds up to 1.

    Pixels whose circle leaves the picture are left out: they would tell of its shape, not of its texture.
    """
    # Here, because this module is imported where only its name is wanted.
    from skimage.feature import local_binary_pattern

    patterns = local_binary_pattern(plane, POINTS, RADIUS, "uniform").astype(np.intp)
    # Of a picture that is all margin everything is kept; the alternative is nothing at all.
    if min(plane.shape) > 2 * RADIUS:
        patterns = patterns[RADIUS:-RADIUS, RADIUS:-RADIUS]
    return np.asarray(np.bincount(patterns.ravel(), minlength=POINTS + 2) / patterns.size, np.float64)
