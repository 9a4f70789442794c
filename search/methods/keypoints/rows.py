"""SIFT keypoints of an image, chosen, and packed into a row of fixed length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from search.methods.base import gray, resize_longest
from search.types import RGBImage

SLOTS, MANY_SLOTS = 64, 256
"""Keypoints kept of an image, and of one that is only searched for: it may show the other in a small part of it."""
SIDE, FINE_SIDE = 224, 448
"""Longest side in pixels of the gray picture that keypoints are looked for in (SIFT itself doubles it at first), and
of the one that the further keypoints are from."""
LENGTH = 128
"""Numbers of a SIFT descriptor."""
MIN_SIDE = 16
"""Pictures narrower than this have no room for a keypoint."""
CONTRASTS = (0.02, 0.005)
"""Least contrast of a keypoint, and the least where that leaves too few: soft pictures have keypoints too."""
APART, SAME_SIZE, MAX_FURTHER = 0.012, 1.4, 1000
"""Of the further keypoints: how near, in longest sides, and how alike in size one must be to another to be left out;
and how many are looked at."""
WAYS = ((False, False), (True, False), (False, True), (True, True))
"""Whether a picture is mirrored, and whether it is inverted."""
SPREAD = 0.03
"""Distance, in longest sides, within which only the strongest keypoint is kept while others are to be had."""

_STEPS = 512  # a descriptor's numbers, 0..1 and mostly below 0.4, are stored in steps of 1/512
_SIZES_PER_OCTAVE = 16
_ANGLES = 256
_BLOCK, _COLUMNS = 32, 64
"""Rows and columns of one product of descriptors."""


def row_of(slots: int) -> np.dtype[Any]:
    """Return the layout of a row with so many slots. Slots after `count` are zero: they are like nothing."""
    fields: list[tuple[str, str] | tuple[str, str, int | tuple[int, int]]] = [
        ("count", "<u2"),
        ("height", "<u2"),
        ("width", "<u2"),
        ("zero", "<u2"),
        ("place", "<u2", (slots, 2)),  # x, y in 1/65535 of width and height
        ("size", "u1", slots),
        ("angle", "u1", slots),
        ("descriptor", "u1", (slots, LENGTH)),
    ]
    return np.dtype(fields)


ROW, MANY_ROW = row_of(SLOTS), row_of(MANY_SLOTS)
"""The bytes of an image's row, and of one that is only searched for."""

_MIRRORED = np.arange(LENGTH).reshape(4, 4, 8)[::-1][:, :, -np.arange(8) % 8].ravel()
"""Where each number of a descriptor stands when the picture is mirrored: SIFT counts gradients in 4 x 4 cells, turned
to the keypoint's direction, in 8 directions; mirroring swaps the cells across that direction and turns the angles."""
_INVERTED = np.arange(LENGTH).reshape(4, 4, 8)[::-1, ::-1].ravel()
"""The same when light and dark are swapped: all gradients turn round, and the keypoint's direction with them, so that
the cells change places with those opposite and the angles, which are relative, stay."""


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

    def strongest(self, most: int) -> Keypoints:
        """Return the images with at most so many keypoints each."""
        counts, frames, *others = self.columns
        return Keypoints(np.minimum(counts, most), frames, *(column[:, :most] for column in others))

    def mirrored(self) -> Keypoints:
        """Return the keypoints that the images would have if left and right were swapped."""
        places = self.places * np.array([-1, 1], np.float32)
        places[..., 0] += self.frames[:, None, 0]
        angles = np.pi - self.angles
        return Keypoints(self.counts, self.frames, places, self.sizes, angles, self.descriptors[..., _MIRRORED])

    def inverted(self) -> Keypoints:
        """Return the keypoints that the images would have if light and dark were swapped."""
        return replace(self, angles=self.angles + np.float32(np.pi), descriptors=self.descriptors[..., _INVERTED])


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
    return _pack([(plane, _choose(_detect(plane)))], ROW)


def find_many_row(image: RGBImage) -> NDArray[np.uint8]:
    """Find the keypoints of an image that is only searched for.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), dtype uint8, RGB

    Returns
    -------
    row : ndarray of shape (MANY_ROW.itemsize,), dtype uint8: those of `find_row`, then others, of a larger picture
        where there is one, that do not lie where one of the same size lies already
    """
    luma = gray(image)
    plane, fine = resize_longest(luma, SIDE), resize_longest(luma, FINE_SIDE)
    found = _detect(plane)
    first = _choose(found)
    more = found if fine.shape == plane.shape else _detect(fine)
    longest = max(plane.shape), max(fine.shape)
    further = _further(first, longest[0], more, longest[1]) if len(first) == SLOTS else []
    return _pack([(plane, first), (fine, further)], MANY_ROW)


def _detect(plane: NDArray[np.uint8]) -> Sequence[cv2.KeyPoint]:
    """Return the keypoints of a gray picture, without descriptors."""
    found: Sequence[cv2.KeyPoint] = ()
    for contrast in CONTRASTS if min(plane.shape) >= MIN_SIDE else ():
        found = cv2.SIFT.create(contrastThreshold=contrast).detect(plane, None)
        if len(found) >= SLOTS:
            break
    return found


def _pack(parts: Iterable[tuple[NDArray[np.uint8], list[cv2.KeyPoint]]], layout: np.dtype[Any]) -> NDArray[np.uint8]:
    """Describe keypoints of pictures of one shape, and pack them into a row; sizes count in pixels of the first."""
    row = np.zeros((), layout)
    start = 0
    for plane, chosen in parts:
        if not start:
            row["height"], row["width"] = plane.shape
        # Described apart: there may be a thousand keypoints, and descriptors of all would cost more than all else.
        points, descriptors = cv2.SIFT.create().compute(plane, chosen) if chosen else ((), None)
        if descriptors is None:
            continue
        kept = slice(start, start + len(points))
        start += len(points)
        row["count"] = start
        places = np.array([point.pt for point in points]) / plane.shape[::-1]
        sizes = np.array([point.size for point in points]) * (max(row["height"], row["width"]) / max(plane.shape))
        angles = np.array([point.angle for point in points]) / 360
        rooted = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6))
        row["place"][kept] = np.round(np.clip(places, 0, 1) * 65535)
        row["size"][kept] = np.clip(np.round(np.log2(sizes) * _SIZES_PER_OCTAVE), 0, 255)
        row["angle"][kept] = np.round(angles * _ANGLES) % _ANGLES
        row["descriptor"][kept] = np.minimum(np.round(rooted * _STEPS), 255)
    return np.frombuffer(row.tobytes(), np.uint8)


def _further(
    first: Sequence[cv2.KeyPoint], longest: int, found: Sequence[cv2.KeyPoint], fine_longest: int
) -> list[cv2.KeyPoint]:
    """Return more keypoints, strongest first, up to MANY_SLOTS with the first; none of them where one is already."""

    def spots(points: Sequence[cv2.KeyPoint], side: int) -> NDArray[np.float64]:
        return np.array([(*point.pt, point.size) for point in points]).reshape(-1, 3) / side

    order = np.argsort([-point.size * point.response for point in found], kind="stable")[:MAX_FURTHER]
    places = np.concatenate([spots(first, longest), spots([found[place] for place in order], fine_longest)])
    gaps = np.abs(places[:, None, :2] - places[None, :, :2]).max(axis=2)
    ratios = places[:, None, 2] / places[None, :, 2]
    near = (gaps < APART) & (ratios < SAME_SIZE) & (ratios > 1 / SAME_SIZE)
    kept = np.ones(len(places), bool)
    for place in range(len(first), len(places)):
        kept[place] = not (near[place, :place] & kept[:place]).any()
    return [found[place] for place in order[kept[len(first) :]]][: MANY_SLOTS - len(first)]


def every_way(image: Keypoints) -> Keypoints:
    """Return the keypoints of one image as four: as it is, mirrored, inverted, and both; see `WAYS`."""
    ways = [image, image.mirrored(), image.inverted(), image.mirrored().inverted()]
    return Keypoints(*(np.concatenate(each) for each in zip(*(way.columns for way in ways), strict=True)))


def unpack(rows: NDArray[np.uint8]) -> Keypoints:
    """Read rows of shape (n, ROW.itemsize) or (n, MANY_ROW.itemsize)."""
    layout = ROW if rows.shape[1] == ROW.itemsize else MANY_ROW
    found: NDArray[Any] = np.ascontiguousarray(rows).view(layout)[:, 0]
    shapes = np.maximum(np.stack([found["width"], found["height"]], axis=1), 1).astype(np.float32)
    longest = shapes.max(axis=1, keepdims=True)
    frames = shapes / longest
    return Keypoints(
        counts=np.minimum(found["count"], layout["size"].shape[0]).astype(np.int64),
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
    # the others costs a hundred times as much as the work.
    blocks = rows.reshape(-1, min(_BLOCK, rows.shape[1]), LENGTH).astype(np.float32)
    columns = np.ascontiguousarray((queries.reshape(-1, LENGTH).astype(np.float32) / np.float32(_STEPS**2)).T)
    products = np.empty((*blocks.shape[:2], columns.shape[1]), np.float32)
    for start in range(0, columns.shape[1], _COLUMNS):
        some = slice(start, start + _COLUMNS)
        np.matmul(blocks, columns[:, some], out=products[:, :, some])
    return products.reshape(*rows.shape[:2], *queries.shape[:2])


def _choose(found: Sequence[cv2.KeyPoint]) -> list[cv2.KeyPoint]:
    """Return up to SLOTS keypoints, strongest first; the spread ones before those that lie close to a stronger one.

    Strength is contrast times size: on edited copies, large keypoints are found again more often than fine ones. A
    keypoint with several directions is kept once.
    """
    if not found:
        return []
    strengths = np.array([point.size * point.response for point in found])
    order = np.argsort(-strengths, kind="stable")[: 4 * SLOTS]
    places = np.array([found[place].pt for place in order], np.float32)
    squares = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    stronger = np.tri(len(order), k=-1, dtype=bool)
    alone = ~(stronger & (squares < 1)).any(axis=1)
    spread = alone & ~(stronger & alone & (squares < (SPREAD * SIDE) ** 2)).any(axis=1)
    kept = np.concatenate([order[spread], order[alone & ~spread]])[:SLOTS]
    return [found[place] for place in kept]
