"""Cells of the space of descriptors: spots that look alike fall into the same cell, so that an index finds them.

A descriptor is cut into two halves, each goes with the nearest of some centroids, and the two numbers together are its
cell: the inverted multi-index (Babenko and Lempitsky, CVPR 2012), which makes 65,536 cells of 2 x 256 centroids. Within
a cell a signature of 64 bits, the signs of the turned remainder, tells near descriptors from far ones: Hamming
embedding (Jegou, Douze and Schmid, "Hamming embedding and weak geometric consistency", ECCV 2008).

The centroids ship with the program, made by `search.methods.keypoints.fit_cells` from photographs of many kinds: what
SIFT sees at corners and edges hardly depends on the library. So libraries of any size share them, and so do images that
are newer than the index.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.methods.keypoints.rows import LENGTH, Keypoints
from search.types import Spots

VERSION = "cells-1"
"""Of the shipped centroids; changes whenever a descriptor may get another cell or signature."""
SIDES = (64, 128, 256)
"""Centroids of each half, from small libraries to large ones."""
SIGNATURE_BITS = 64
HALF = LENGTH // 2

_FILE = Path(__file__).resolve().parent.parent / "builtin" / "keypoint_cells.npz"
_STEPS, _BLOCK = np.float32(512), 65_536
_SIZES_PER_OCTAVE, _SMALLEST = 16, -12  # of the poses


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Centroids, and the turn that signatures are taken after.

    Attributes
    ----------
    centroids : ndarray of shape (2, side, HALF), float32, of descriptors of length 1
    turn : ndarray of shape (LENGTH, SIGNATURE_BITS), float32, with orthonormal columns
    """

    centroids: NDArray[np.float32]
    turn: NDArray[np.float32]

    @property
    def side(self) -> int:
        return int(self.centroids.shape[1])

    def nearest(self, descriptors: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """Return the nearest cells of descriptors of shape (n, LENGTH), nearest first; shape (n, count).

        Parameters
        ----------
        descriptors : ndarray of shape (n, LENGTH), float32, L2 norm about 1
        count : 1, or at most 16
        """
        away = [self._squares(descriptors[:, half * HALF : (half + 1) * HALF], half) for half in (0, 1)]
        if count == 1:
            return np.asarray(away[0].argmin(axis=1) * self.side + away[1].argmin(axis=1))[:, None]
        tried = min(4, self.side)
        near = [np.argpartition(squares, tried - 1, axis=1)[:, :tried] for squares in away]
        parts = [np.take_along_axis(squares, each, axis=1) for squares, each in zip(away, near, strict=True)]
        sums = (parts[0][:, :, None] + parts[1][:, None, :]).reshape(len(descriptors), tried**2)
        best = np.argsort(sums, axis=1, kind="stable")[:, :count]
        first = np.take_along_axis(near[0], best // tried, axis=1)
        return np.asarray(first * self.side + np.take_along_axis(near[1], best % tried, axis=1))

    def signatures(self, descriptors: NDArray[np.float32], cells: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the signatures that descriptors have in some of their cells.

        Parameters
        ----------
        descriptors : ndarray of shape (n, LENGTH)
        cells : ndarray of shape (n, k)

        Returns
        -------
        signatures : ndarray of shape (n, k), uint64
        """
        # The turn of a remainder is that of the descriptor less that of the centroid: each is turned once.
        turned = descriptors @ self.turn
        centers = [self.centroids[half] @ self.turn[half * HALF : (half + 1) * HALF] for half in (0, 1)]
        rest = turned[:, None] - centers[0][cells // self.side] - centers[1][cells % self.side]
        return np.packbits(rest > 0, axis=2, bitorder="little").view("<u8")[..., 0]

    def _squares(self, halves: NDArray[np.float32], half: int) -> NDArray[np.float32]:
        """Return the squared distances of half descriptors from the centroids, less what is the same for all."""
        centroids = self.centroids[half]
        return np.asarray((centroids**2).sum(axis=1) - 2 * (halves @ centroids.T), np.float32)


@cache
def shipped(side: int) -> Cells:
    """Return the centroids that come with the program.

    Raises
    ------
    KeyError : `side` is none of SIDES
    """
    with np.load(_FILE, allow_pickle=False) as arrays:
        return Cells(arrays[f"centroids_{side}"].astype(np.float32), arrays["turn"].astype(np.float32))


def spots_of(images: Keypoints, side: int, num_cells: int = 1) -> Spots:
    """Return the keypoints of images as spots of an index.

    Parameters
    ----------
    images : of n images
    side : one of SIDES
    num_cells : how many of the nearest cells each spot is to have
    """
    used = np.arange(images.places.shape[1]) < images.counts[:, None]
    descriptors, cells = images.descriptors[used], shipped(side)
    blocks = np.split(descriptors, range(_BLOCK, len(descriptors), _BLOCK))
    found = [_placed(cells, block, num_cells) for block in blocks]
    nearest = np.concatenate([np.empty((0, num_cells), np.int64), *(each for each, _signatures in found)])
    signatures = np.concatenate([np.empty((0, num_cells), np.uint64), *(each for _cells, each in found)])
    directions = np.round(images.angles[used] * (256 / (2 * np.pi))).astype(np.int64) & 255
    sizes = np.log2(np.maximum(images.sizes[used], 1e-6)) - _SMALLEST
    sizes = np.clip(np.round(sizes * _SIZES_PER_OCTAVE), 0, 255)
    poses = np.stack([directions, sizes], axis=1).astype(np.uint8)
    return Spots(np.nonzero(used)[0], nearest, signatures, poses)


def _placed(
    cells: Cells, descriptors: NDArray[np.uint8], num_cells: int
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    scaled = descriptors.astype(np.float32) / _STEPS
    nearest = cells.nearest(scaled, num_cells)
    return nearest, cells.signatures(scaled, nearest)
