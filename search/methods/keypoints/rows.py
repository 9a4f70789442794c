"""SIFT keypoints of an image, chosen, and packed into a row of fixed length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from search.methods.base import gray, resize_longest
from search.types import RGBImage

SLOTS = 64
"""Keypoints kept of an image."""
SIDE = 224
"""Longest side in pixels of the gray picture that keypoints are looked for in (SIFT itself doubles it at first)."""
LENGTH = 128
"""Numbers of a SIFT descriptor."""
MIN_SIDE = 16
"""Pictures narrower than this have no room for a keypoint."""
CONTRASTS = (0.02, 0.005)
"""Least contrast of a keypoint, and the least where that leaves too few: soft pictures have keypoints too."""
SPREAD = 0.03
"""Distance, in longest sides, within which only the strongest keypoint is kept while others are to be had."""

_STEPS = 512  # a descriptor's numbers, 0..1 and mostly below 0.4, are stored in steps of 1/512
_SIZES_PER_OCTAVE = 16
_ANGLES = 256
_BLOCK = 32

ROW = np.dtype(
    [
        ("count", "<u2"),
        ("height", "<u2"),
        ("width", "<u2"),
        ("zero", "<u2"),
        ("place", "<u2", (SLOTS, 2)),  # x, y in 1/65535 of width and height
        ("size", "u1", SLOTS),
        ("angle", "u1", SLOTS),
        ("descriptor", "u1", (SLOTS, LENGTH)),
    ]
)
"""The bytes of a row. Slots after `count` are zero: a descriptor of zeros is like no other."""

_MIRRORED = np.arange(LENGTH).reshape(4, 4, 8)[::-1][:, :, -np.arange(8) % 8].ravel()
"""Where each number of a descriptor stands when the picture is mirrored: SIFT counts gradients in 4 x 4 cells, turned
to the keypoint's direction, in 8 directions; mirroring swaps the cells across that direction and turns the angles."""


@dataclass(frozen=True, slots=True)
class Keypoints:
    """Keypoints of n images, the strongest of each first.

    Attributes
    ----------
    counts : ndarray of shape (n,), int64: keypoints of each image; slots after them mean nothing
    frames : ndarray of shape (n, 2), float32: width and height in longest sides, so one of them is 1
    places : ndarray of shape (n, SLOTS, 2), float32: x, y in longest sides
    sizes : ndarray of shape (n, SLOTS), float32: diameters in longest sides
    angles : ndarray of shape (n, SLOTS), float32: radians, clockwise from the x axis
    descriptors : ndarray of shape (n, SLOTS, LENGTH), uint8, 1/512 each
    """

    counts: NDArray[np.int64]
    frames: NDArray[np.float32]
    places: NDArray[np.float32]
    sizes: NDArray[np.float32]
    angles: NDArray[np.float32]
    descriptors: NDArray[np.uint8]

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """The arrays, in the order of the attributes."""
        return self.counts, self.frames, self.places, self.sizes, self.angles, self.descriptors

    def take(self, images: slice | NDArray[np.intp]) -> Keypoints:
        """Return the keypoints of some of the images."""
        return Keypoints(*(column[images] for column in self.columns))

    def mirrored(self) -> Keypoints:
        """Return the keypoints that the images would have if left and right were swapped."""
        places = self.places * np.array([-1, 1], np.float32)
        places[..., 0] += self.frames[:, None, 0]
        angles = np.pi - self.angles
        return Keypoints(self.counts, self.frames, places, self.sizes, angles, self.descriptors[..., _MIRRORED])


def find_row(image: RGBImage) -> NDArray[np.uint8]:
    """Find an image's keypoints and pack the best into a row.

    RootSIFT: Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 2004; Arandjelovic and Zisserman,
    "Three things everyone should know to improve object retrieval", CVPR 2012.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), dtype uint8, RGB

    Returns
    -------
    row : ndarray of shape (ROW.itemsize,), dtype uint8
    """
    plane = resize_longest(gray(image), SIDE)
    row = np.zeros((), ROW)
    row["height"], row["width"] = plane.shape
    if min(plane.shape) < MIN_SIDE:
        return _bytes_of(row)
    for contrast in CONTRASTS:
        sift = cv2.SIFT.create(contrastThreshold=contrast)
        found = sift.detect(plane, None)
        if len(found) >= SLOTS:
            break
    # Described apart: there may be a thousand keypoints, and descriptors of all would cost more than everything else.
    points, descriptors = sift.compute(plane, _choose(found)) if found else ((), None)
    if descriptors is None:
        return _bytes_of(row)
    kept = slice(0, len(points))
    row["count"] = len(points)
    places = np.array([point.pt for point in points]) / plane.shape[::-1]
    sizes = np.array([point.size for point in points])
    angles = np.array([point.angle for point in points]) / 360
    rooted = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6))
    row["place"][kept] = np.round(np.clip(places, 0, 1) * 65535)
    row["size"][kept] = np.clip(np.round(np.log2(sizes) * _SIZES_PER_OCTAVE), 0, 255)
    row["angle"][kept] = np.round(angles * _ANGLES) % _ANGLES
    row["descriptor"][kept] = np.minimum(np.round(rooted * _STEPS), 255)
    return _bytes_of(row)


def both_ways(image: Keypoints) -> Keypoints:
    """Return the keypoints of one image as two: as it is, and mirrored."""
    return Keypoints(*(np.concatenate(pair) for pair in zip(image.columns, image.mirrored().columns, strict=True)))


def unpack(rows: NDArray[np.uint8]) -> Keypoints:
    """Read rows of shape (n, ROW.itemsize)."""
    found: NDArray[Any] = np.ascontiguousarray(rows).view(ROW)[:, 0]
    shapes = np.maximum(np.stack([found["width"], found["height"]], axis=1), 1).astype(np.float32)
    longest = shapes.max(axis=1, keepdims=True)
    frames = shapes / longest
    return Keypoints(
        counts=np.minimum(found["count"], SLOTS).astype(np.int64),
        frames=frames,
        places=found["place"] * (frames[:, None] / np.float32(65535)),
        sizes=np.exp2(found["size"] / np.float32(_SIZES_PER_OCTAVE)) / longest,
        angles=found["angle"] * np.float32(2 * np.pi / _ANGLES),
        descriptors=found["descriptor"],
    )


def similarities(rows: NDArray[np.uint8], queries: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the cosines of stored descriptors.

    Parameters
    ----------
    rows, queries : ndarrays of shapes (n, a, LENGTH) and (q, b, LENGTH); a is at most 32, or a multiple of it

    Returns
    -------
    cosines : ndarray of shape (n, a, q, b)
    """
    # In blocks that are too small for the linear algebra library to spread over threads: on a busy machine, waiting for
    # the others costs ten times as much as the work.
    blocks = rows.reshape(-1, min(_BLOCK, rows.shape[1]), LENGTH).astype(np.float32)
    products = blocks @ (queries.reshape(-1, LENGTH).astype(np.float32) / np.float32(_STEPS**2)).T
    return np.asarray(products.reshape(*rows.shape[:2], *queries.shape[:2]), np.float32)


def _choose(found: Sequence[cv2.KeyPoint]) -> list[cv2.KeyPoint]:
    """Return up to SLOTS keypoints, strongest first; the spread ones before those that lie close to a stronger one.

    Strength is contrast times size: on edited copies, large keypoints are found again more often than fine ones. A
    keypoint with several directions is kept once.
    """
    strengths = np.array([point.size * point.response for point in found])
    order = np.argsort(-strengths, kind="stable")[: 4 * SLOTS]
    places = np.array([found[place].pt for place in order], np.float32)
    squares = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    stronger = np.tri(len(order), k=-1, dtype=bool)
    alone = ~(stronger & (squares < 1)).any(axis=1)
    spread = alone & ~(stronger & alone & (squares < (SPREAD * SIDE) ** 2)).any(axis=1)
    kept = np.concatenate([order[spread], order[alone & ~spread]])[:SLOTS]
    return [found[place] for place in kept]


def _bytes_of(row: NDArray[Any]) -> NDArray[np.uint8]:
    return np.frombuffer(row.tobytes(), np.uint8)
