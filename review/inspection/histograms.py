"""Colors of two images: histograms of red, green, blue and brightness, and how far they overlap."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from search.public.pictures import RGBImage, check_images, gray

BINS = 64
CHANNELS = ("red", "green", "blue", "brightness")


def histograms(image: RGBImage) -> NDArray[np.float64]:
    """Count the levels of each channel.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), dtype uint8, RGB

    Returns
    -------
    shares : ndarray of shape (4, BINS), rows in the order of `CHANNELS`: the share of pixels whose level lies in each
        bin; rows add up to 1

    Raises
    ------
    ValueError : not a non-empty three-channel uint8 image
    """
    check_images([image])
    planes = [*cv2.split(np.ascontiguousarray(image)), gray(image)]
    counts = [cv2.calcHist([np.asarray(plane)], [0], None, [BINS], [0, 256]).ravel() for plane in planes]
    return np.asarray(counts, np.float64) / planes[-1].size


def overlaps(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share that two histograms have in common, channel by channel.

    Histogram intersection: Swain and Ballard, "Color indexing", IJCV 1991.

    Parameters
    ----------
    first, second : ndarrays of shape (n, bins), rows add up to 1

    Returns
    -------
    overlaps : ndarray of shape (n,), 0..1, 1 for equal histograms
    """
    return np.asarray(np.minimum(first, second).sum(axis=1))
