"""Where two images differ: the map of their structural similarity, as they are and laid over each other."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from review.inspection.palette import paint
from search.public.pictures import RGBImage, check_images, gray, resize

WINDOW = 7
"""Side in pixels of the window that slides over both pictures, as in the structure method."""
MIN_INSIDE = 64
"""Pixels on which two pictures must overlap, window included, for a number to mean anything."""
MAX_SHRINKING = 1.5
"""A picture that is laid over another one and loses more than this many pixels a side is shrunk beforehand."""


@dataclass(frozen=True, slots=True)
class Differences:
    """The structural similarity of two pictures, place by place.

    Attributes
    ----------
    mean : -1..1, over all windows that lie inside of both; 1 for equal pictures
    overlap : share of the first picture that the second one covers, 0..1
    picture : ndarray of shape (H, W, 4), dtype uint8: the map in colors, dark where the pictures are the same, bright
        where they have nothing in common, transparent where the second one does not reach
    """

    mean: float
    overlap: float
    picture: NDArray[np.uint8]


def compare(first: RGBImage, second: RGBImage, matrix: NDArray[np.float64] | None = None) -> Differences | None:
    """Map the structural similarity of two pictures onto the first.

    Wang et al., "Image quality assessment: from error visibility to structural similarity", IEEE TIP 2004, on the gray
    pictures with a sliding window of 7 x 7 (`skimage.metrics.structural_similarity`).

    Parameters
    ----------
    first, second : ndarrays of shape (H, W, 3), dtype uint8, RGB; sizes may differ
    matrix : ndarray of shape (3, 3): maps places (x, y, 1), 0..1, from the first to the second, which is laid over the
        first by it; None: the second is resized to the first's size

    Returns
    -------
    differences : None where, laid over each other, they hardly overlap

    Raises
    ------
    ValueError : not a non-empty three-channel uint8 picture
    """
    from skimage.metrics import structural_similarity  # heavy, and never loaded in the web process

    check_images([first, second])
    height, width = (max(WINDOW, side) for side in first.shape[:2])  # scikit-image refuses less than a window
    plane = resize(gray(first), height, width)
    if matrix is None:
        other, covered = resize(gray(second), height, width), np.ones((height, width), bool)
    else:
        other, covered = lay_over(gray(second), height, width, matrix)
    inside = _inside(covered)
    if np.count_nonzero(inside) < min(MIN_INSIDE, (height - WINDOW + 1) * (width - WINDOW + 1)):
        return None
    _mean, similarities = structural_similarity(plane, other, win_size=WINDOW, data_range=255, full=True)
    picture = paint(1 - similarities, covered)
    return Differences(float(similarities[inside].mean()), float(covered.mean()), picture)


def lay_over(
    plane: NDArray[np.uint8], height: int, width: int, matrix: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Lay a picture over another one.

    Parameters
    ----------
    plane : ndarray of shape (h, w), dtype uint8: the picture to be moved
    height, width : of the other one
    matrix : ndarray of shape (3, 3): maps places (x, y, 1), 0..1, from the other one to this one

    Returns
    -------
    moved : ndarray of shape (height, width), dtype uint8; the edge's gray levels where the picture does not reach
    covered : ndarray of shape (height, width), bool: where it does
    """
    # A pixel's place is its middle, hence the halves.
    to_relative = np.array([[1 / width, 0, 0.5 / width], [0, 1 / height, 0.5 / height], [0, 0, 1]])
    plane = _shrunk(plane, height, width, matrix)
    rows, cols = plane.shape
    to_pixels = np.array([[cols, 0, -0.5], [0, rows, -0.5], [0, 0, 1]])
    motion = to_pixels @ matrix @ to_relative
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpPerspective(plane, motion, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=2).reshape(-1, 2)
    x, y, depth = motion @ np.column_stack([places, np.ones(len(places))]).T
    # Behind the plane of a strong perspective, places come back with both signs turned and would look covered.
    in_front = depth * np.sign(motion[2] @ [width / 2, height / 2, 1]) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y = x / depth, y / depth
    covered = in_front & (x >= -0.5) & (x <= cols - 0.5) & (y >= -0.5) & (y <= rows - 0.5)
    return np.asarray(moved, np.uint8), covered.reshape(height, width)


def _shrunk(plane: NDArray[np.uint8], height: int, width: int, matrix: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return a picture shrunk by what laying it over another one will shrink it: else pixels would be skipped."""
    x, y, depth = matrix @ [0.5, 0.5, 1]
    slope = (matrix[:2, :2] - np.outer([x, y], matrix[2, :2]) / depth) / depth
    pixels = np.diag(plane.shape[::-1]) @ slope @ np.diag([1 / width, 1 / height])
    factor = float(np.sqrt(abs(np.linalg.det(pixels))))
    if factor <= MAX_SHRINKING:
        return plane
    rows, cols = (max(1, round(side / factor)) for side in plane.shape)
    return resize(plane, rows, cols)


def _inside(covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the middles of the windows that lie wholly where both pictures are."""
    window = np.ones((WINDOW, WINDOW), np.uint8)
    whole = cv2.erode(covered.astype(np.uint8), window, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(whole, bool)
