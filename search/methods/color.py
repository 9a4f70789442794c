"""Which colors an image holds: a compact histogram in hue, saturation and value."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from search.methods.base import Method, check_images, normalize_rows
from search.types import RGBImage, Vectors

BINS = (16, 4, 4)
"""Bins of hue, saturation and value: few, so that a slightly other exposure does not move an image elsewhere."""
GUIDE_BINS = (180, 256)


class Color(Method):
    """Square-rooted HSV histogram of 16 x 4 x 4 bins.

    The square root turns the cosine into the Bhattacharyya coefficient of the two histograms, so that one large flat
    background does not drown every other color (Hellinger kernel; Arandjelovic and Zisserman, "Three things everyone
    should know to improve object retrieval", CVPR 2012).
    """

    name = "color"
    version = "1"
    dim = BINS[0] * BINS[1] * BINS[2]

    def describe(self, images: Sequence[RGBImage]) -> Vectors:
        """Describe images by their colors; see `Method.describe`. All numbers are >= 0."""
        check_images(images)
        if not images:
            return np.empty((0, self.dim), np.float32)
        return normalize_rows(np.sqrt(np.stack([_histogram(image) for image in images])))

    @staticmethod
    def guide_similarity(first: RGBImage, second: RGBImage) -> float:
        """Compare two images by the guide's definition; see the function of the same name."""
        return guide_similarity(first, second)


def _histogram(image: RGBImage) -> NDArray[np.float32]:
    """Count pixels per bin; shape (256,), dtype float32."""
    hsv = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1, 2], None, list(BINS), [0, 180, 0, 256, 0, 256])
    return np.asarray(counts.ravel(), np.float32)


def guide_histogram(image: RGBImage) -> NDArray[np.float32]:
    """Compute the guide's color histogram.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), dtype uint8, RGB

    Returns
    -------
    histogram : ndarray of shape (180, 256), dtype float32, 0..1: hue (OpenCV's half degrees) x saturation, min-max
        normalised

    Raises
    ------
    ValueError : not a non-empty three-channel uint8 image
    """
    check_images([image])
    hsv = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2HSV)
    histogram = cv2.calcHist([hsv], [0, 1], None, list(GUIDE_BINS), [0, 180, 0, 256])
    return np.asarray(cv2.normalize(histogram, np.empty_like(histogram), 0, 1, cv2.NORM_MINMAX), np.float32)


def guide_similarity(first: RGBImage, second: RGBImage) -> float:
    """Compare two images by the guide's definition: correlation of their hue-saturation histograms.

    Parameters
    ----------
    first, second : ndarrays of shape (H, W, 3), dtype uint8, RGB; sizes may differ

    Returns
    -------
    similarity : -1..1, 1 for equal histograms (`cv2.compareHist(..., cv2.HISTCMP_CORREL)`)

    Raises
    ------
    ValueError : not a non-empty three-channel uint8 image
    """
    return float(cv2.compareHist(guide_histogram(first), guide_histogram(second), cv2.HISTCMP_CORREL))
