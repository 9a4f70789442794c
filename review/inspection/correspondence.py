"""Which spots of two images are the same, looked for more closely than a search does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from search.public.pictures import (
    RATIO,
    WAYS,
    Keypoints,
    RGBImage,
    Verification,
    check_images,
    describe,
    fit,
    gray,
    resize_longest,
)

SIDE = 1024
"""Longest side in pixels of the gray pictures that keypoints are looked for in; a search uses 224."""
MOST_KEYPOINTS = 1500
"""Keypoints of a picture, the strongest; a search uses 64."""
CONTRASTS, ENOUGH = (0.02, 0.005), 200
"""Least contrast of a keypoint, and the least where that leaves too few: soft pictures have keypoints too."""
MIN_SIDE = 16
MIN_INLIERS, MIN_FITTING = 7, 0.2
"""Pairs that must fit one motion before it is believed, and the share of all pairs that must."""


@dataclass(frozen=True, slots=True)
class Correspondence:
    """Keypoints of two pictures that look alike.

    Attributes
    ----------
    counts : keypoints looked at in the first and in the second picture
    others : ndarray of shape (m, 2, 2), float64: places, 0..1, on the first and the second picture of the pairs that
        look alike and do not fit the motion; all pairs where there is none
    motion : None where no motion was found, else what fits it
    """

    counts: tuple[int, int]
    others: NDArray[np.float64]
    motion: Verification | None

    @property
    def num_pairs(self) -> int:
        return len(self.others) + (self.motion.inliers if self.motion else 0)

    @property
    def outline(self) -> NDArray[np.float64]:
        """The outline, of shape (n, 2), of the matched area inside of the second picture; empty without a motion."""
        if self.motion is None:
            return np.empty((0, 2))
        square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
        _area, corners = cv2.intersectConvexConvex(self.motion.polygon.astype(np.float32), square)
        return np.empty((0, 2)) if corners is None else np.asarray(corners, np.float64).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class _Spots:
    """Keypoints of one picture: (n, 2) places and (n,) sizes in longest sides, (n, 128) RootSIFT descriptors."""

    places: NDArray[np.float64]
    sizes: NDArray[np.float64]
    descriptors: NDArray[np.float32]
    frame: NDArray[np.float64]


def correspond(first: RGBImage, second: RGBImage) -> Correspondence:
    """Pair the keypoints of two pictures and find the motion that most of the pairs tell of.

    RootSIFT with Lowe's ratio test, both ways, and a homography; the first picture as it is and mirrored, whichever
    fits more, and where neither does the same of its negative. See `search.methods.local` for the sources. A motion
    that fewer than MIN_INLIERS pairs fit, or less than MIN_FITTING of them, is not believed: among 400 pairs of
    unrelated photographs (300 pixels wide) none was found.

    Parameters
    ----------
    first, second : ndarrays of shape (H, W, 3), dtype uint8, RGB; sizes may differ

    Raises
    ------
    ValueError : not a non-empty three-channel uint8 picture
    """
    check_images([first, second])
    other = _find(second)
    best: Correspondence | None = None
    for mirrored, inverted in WAYS:
        if inverted and best is not None and best.motion is not None:
            break
        picture = np.ascontiguousarray(first[:, ::-1]) if mirrored else first
        found = _compare(_find(255 - picture if inverted else picture), other, mirrored=mirrored, inverted=inverted)
        if best is None or _inliers(found) > _inliers(best):
            best = found
    assert best is not None  # noqa: S101 (the loop runs at least twice)
    return best


def _inliers(found: Correspondence) -> int:
    return found.motion.inliers if found.motion else 0


def _find(image: RGBImage) -> _Spots:
    plane = resize_longest(gray(image), SIDE)
    longest = max(plane.shape)
    frame = np.array(plane.shape[::-1], np.float64) / longest
    points: Sequence[cv2.KeyPoint] = ()
    descriptors: NDArray[np.float32] | None = None
    # Again with less contrast only where it is needed: the weak ones of a sharp picture would only add false pairs.
    for contrast in CONTRASTS if min(plane.shape) >= MIN_SIDE else ():
        sift = cv2.SIFT.create(MOST_KEYPOINTS, contrastThreshold=contrast)
        points, found = sift.detectAndCompute(plane, None)
        descriptors = None if found is None else np.asarray(found, np.float32)
        if len(points) >= ENOUGH:
            break
    if descriptors is None:
        return _Spots(np.empty((0, 2)), np.empty(0), np.empty((0, 128), np.float32), frame)
    sums = np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6)
    places = np.array([point.pt for point in points], np.float64) / longest
    sizes = np.array([point.size for point in points], np.float64) / longest
    return _Spots(places, sizes, np.sqrt(descriptors / sums).astype(np.float32), frame)


def _compare(one: _Spots, other: _Spots, *, mirrored: bool, inverted: bool) -> Correspondence:
    """Compare keypoints; those of the first picture were looked for as `mirrored` and `inverted` say."""
    counts = (len(one.places), len(other.places))
    pairs = _pair(one.descriptors, other.descriptors)
    start, end = one.places[pairs[:, 0]], other.places[pairs[:, 1]]
    relative = np.stack([start / one.frame, end / other.frame], axis=1)
    if mirrored:
        relative[:, 0] = relative[:, 0] * [-1, 1] + [1, 0]  # back to the picture as it is
    found = fit(start, end, SIDE)
    if found is None or np.count_nonzero(found[1]) < max(MIN_INLIERS, MIN_FITTING * len(pairs)):
        return Correspondence(counts, relative, None)
    matrix, fitting = found
    fit_pairs = np.asarray(pairs[fitting], np.intp)
    motion = describe(_keypoints(one), _keypoints(other), fit_pairs, matrix, mirrored=mirrored, inverted=inverted)
    return Correspondence(counts, relative if motion is None else relative[~fitting], motion)


def _pair(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return pairs (first's, second's) that are each other's best and much better than the second best; (m, 2)."""
    if min(len(one), len(other)) < 2:
        return np.empty((0, 2), np.intp)
    alike = other @ one.T
    best = alike.argmax(axis=1)
    rows = np.arange(len(other))
    highest = alike[rows, best]
    mutual = alike.argmax(axis=0)[best] == rows
    alike[rows, best] = -1  # out of the way, to find the second best
    # 1 - cosine is half the squared distance, so Lowe's ratio of distances is squared here.
    good = mutual & (1 - highest < RATIO**2 * (1 - alike.max(axis=1)))
    return np.stack([best[good], rows[good]], axis=1)


def _keypoints(spots: _Spots) -> Keypoints:
    """Return the keypoints as those of one image, as `homography.describe` takes them."""
    number = len(spots.places)
    return Keypoints(
        counts=np.array([number]),
        frames=spots.frame[None].astype(np.float32),
        places=spots.places[None].astype(np.float32),
        sizes=spots.sizes[None].astype(np.float32),
        angles=np.zeros((1, number), np.float32),
        descriptors=np.zeros((1, number, 0), np.uint8),
    )
