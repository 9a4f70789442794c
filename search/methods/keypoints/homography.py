"""The plane motion (homography) that paired keypoints imply, refused where it cannot be that of an image."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from search.methods.keypoints.rows import SIDE, Keypoints
from search.types import Verification

MIN_INLIERS = 6
"""Pairs that must fit: four always do, so this leaves at least two that could have disagreed."""
THRESHOLD = 3.0
"""Error in pixels of the analysed picture beyond which a pair does not fit."""
MAX_ITERATIONS, CONFIDENCE = 500, 0.99
MIN_SPREAD, MIN_WIDTH = 0.03, 0.008
"""Standard deviations of the fitting keypoints, in longest sides, along and across their main direction: keypoints of
one spot, or along one line, fit many motions."""
MAX_SQUEEZE = 3.0
"""How much more a picture may be stretched one way than the other."""
MAX_GROWTH = 12.0
"""How much larger or smaller a picture may become."""
MAX_SLANT = 2.5
"""How much nearer one corner of the matched box may come than another."""
REACH = 3.0
"""A keypoint's descriptor sees this many times its diameter to each side."""


def fit(
    start: NDArray[np.float64], end: NDArray[np.float64], side: int = SIDE
) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """Fit a homography to pairs of places, some of which are wrong, or refuse them all.

    Barath et al., "MAGSAC++, a fast, reliable and accurate robust estimator", CVPR 2020 (`cv2.USAC_MAGSAC`). Refused
    are: too few pairs that fit; pairs that all lie in one spot or along one line; motions that fold, mirror, squeeze or
    slant the picture, or change its size, more than copies of pictures do.

    Parameters
    ----------
    start, end : ndarrays of shape (m, 2), in longest sides
    side : longest side in pixels of the analysed pictures

    Returns
    -------
    matrix, fitting : ndarrays of shapes (3, 3) and (m,), or None
    """
    if len(start) < MIN_INLIERS:
        return None
    # In pixels, since the threshold is.
    pixels = [np.ascontiguousarray(places * side, np.float64) for places in (start, end)]
    found, mask = cv2.findHomography(
        pixels[0], pixels[1], cv2.USAC_MAGSAC, THRESHOLD, maxIters=MAX_ITERATIONS, confidence=CONFIDENCE
    )
    if found is None or found.shape != (3, 3) or not np.isfinite(found).all():
        return None
    scaling = np.diag([side, side, 1.0])
    # Back to longest sides, in which everything else is measured.
    matrix = np.asarray(np.linalg.inv(scaling) @ found @ scaling, np.float64)
    fitting = np.asarray(mask).ravel().astype(bool)
    # Four pairs fit every homography that was made of them.
    if np.count_nonzero(fitting) < MIN_INLIERS:
        return None
    if not (_spread_out(start[fitting]) and _spread_out(end[fitting])):
        return None
    return (matrix, fitting) if _plausible(matrix, start[fitting]) else None


def apply(matrix: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map places of shape (m, 2)."""
    mapped = np.column_stack([places, np.ones(len(places))]) @ matrix.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def describe(
    first: Keypoints,
    second: Keypoints,
    pairs: NDArray[np.intp],
    matrix: NDArray[np.float64],
    *,
    mirrored: bool,
    inverted: bool,
) -> Verification | None:
    """Say in relative coordinates what a motion maps where; None when its box cannot be that of a picture.

    Parameters
    ----------
    first, second : of one image each; the first mirrored already if `mirrored`, and inverted if `inverted`
    pairs : ndarray of shape (m, 2): keypoints of the first and of the second that fit
    matrix : see `fit`
    """
    frame, other_frame = (keypoints.frames[0].astype(np.float64) for keypoints in (first, second))
    start, end = first.places[0][pairs[:, 0]], second.places[0][pairs[:, 1]]
    reach = REACH * first.sizes[0][pairs[:, 0], None]
    low, high = np.maximum((start - reach).min(axis=0), 0), np.minimum((start + reach).max(axis=0), frame)
    box = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]], np.float64)
    if not _flat_enough(matrix, box):
        return None
    polygon = apply(matrix, box) / other_frame
    slope = _slope(matrix, start.mean(axis=0))
    relative = np.diag([*1 / other_frame, 1]) @ matrix @ np.diag([*frame, 1])
    starts = start / frame
    if mirrored:
        # Back from the mirrored picture to the one that people see.
        starts = starts * [-1, 1] + [1, 0]
        relative = relative @ np.array([[-1, 0, 1], [0, 1, 0], [0, 0, 1.0]])
    return Verification(
        inliers=len(pairs),
        matched_area=_area_inside(polygon),
        polygon=polygon,
        points=np.stack([starts, end / other_frame], axis=1).astype(np.float64),
        # A homography is the same at any scale; this is the one that everybody writes.
        matrix=relative / relative[2, 2],
        mirrored=mirrored,
        inverted=inverted,
        contained=_contained(matrix, frame, other_frame, box),
        degrees=float(np.degrees(np.arctan2(slope[1, 0] - slope[0, 1], slope[0, 0] + slope[1, 1]))),
    )


def _contained(
    matrix: NDArray[np.float64],
    frame: NDArray[np.float64],
    other_frame: NDArray[np.float64],
    box: NDArray[np.float64],
) -> float:
    """Return the share of the first image that the second one's frame covers; that of the box where that is unsure.

    Far from the keypoints a motion may be wrong, so the frame counts only where all of it is mapped back sensibly.
    """
    back = np.asarray(np.linalg.inv(matrix), np.float64)
    corners: NDArray[np.float64] = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64) * other_frame
    seen = apply(back, corners) if _flat_enough(back, corners) else box
    return max(_area_inside(seen / frame), _area_inside(box / frame))


def _spread_out(places: NDArray[np.float64]) -> bool:
    """Tell whether places lie neither in one spot nor along one line."""
    # Along and across the main direction of the places, whichever way that lies.
    along, across = np.linalg.svd(places - places.mean(axis=0), compute_uv=False) / len(places) ** 0.5
    return bool(along >= MIN_SPREAD and across >= MIN_WIDTH)


def _plausible(matrix: NDArray[np.float64], places: NDArray[np.float64]) -> bool:
    """Tell whether a motion, near the places that it was fitted to, is one that copies of pictures undergo."""
    low, high = places.min(axis=0), places.max(axis=0)
    corners = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
    if not _flat_enough(matrix, corners):
        return False
    slope = _slope(matrix, places.mean(axis=0))
    # Mirrored. Such copies are compared as mirrored pictures, where this is positive.
    if np.linalg.det(slope) <= 0:
        return False
    longer, shorter = np.linalg.svd(slope, compute_uv=False)
    return bool(longer <= MAX_SQUEEZE * shorter and 1 / MAX_GROWTH <= (longer * shorter) ** 0.5 <= MAX_GROWTH)


def _slope(matrix: NDArray[np.float64], place: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return how a motion turns and stretches the picture near a place: its derivative, of shape (2, 2)."""
    x, y, depth = matrix @ np.append(place, 1)
    return np.asarray((matrix[:2, :2] - np.outer([x, y], matrix[2, :2]) / depth) / depth)


def _flat_enough(matrix: NDArray[np.float64], corners: NDArray[np.float64]) -> bool:
    """Tell whether all corners of a box stay on one side of the horizon, and at distances that are alike.

    Then the mapped box is convex: a homography that keeps the horizon outside maps segments to segments.
    """
    depths = np.column_stack([corners, np.ones(4)]) @ matrix[2]
    # The sign of a homography means nothing, so the first corner is put in front of the horizon.
    depths = depths * np.sign(depths[0])
    return bool((depths > 0).all() and depths.max() <= MAX_SLANT * depths.min())


def _area_inside(polygon: NDArray[np.float64]) -> float:
    """Return the area of the part of a convex polygon that lies in the unit square."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    area, _corners = cv2.intersectConvexConvex(polygon.astype(np.float32), square)
    return float(np.clip(area, 0, 1))
