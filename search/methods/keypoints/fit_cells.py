"""How the centroids of `search.methods.keypoints.cells` are made: k-means of half descriptors of many photographs.

`benchmarks/keypoint_cells.py` does it for a folder of photographs: same photographs, same file. What ships was made of
those that the built-in encoder was trained on.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from search.methods.keypoints.cells import HALF, SIDES, SIGNATURE_BITS
from search.methods.keypoints.rows import LENGTH, find_row, unpack
from search.types import RGBImage

MAX_DESCRIPTORS, PER_IMAGE = 100_000, 16
ROUNDS, SEED = 15, 20


def collect(images: Iterable[RGBImage], seed: int = SEED) -> NDArray[np.float32]:
    """Return some descriptors of each image, of length about 1; shape (n, LENGTH), n at most MAX_DESCRIPTORS."""
    generator = np.random.default_rng(seed)
    found = [np.empty((0, LENGTH), np.float32)]
    for image in images:
        keypoints = unpack(find_row(image)[None])
        descriptors = keypoints.descriptors[0, : int(keypoints.counts[0])]
        found.append(generator.permutation(descriptors)[:PER_IMAGE].astype(np.float32) / np.float32(512))
        if sum(map(len, found)) >= MAX_DESCRIPTORS:
            break
    return np.concatenate(found)[:MAX_DESCRIPTORS]


def fit_cells(descriptors: NDArray[np.float32], seed: int = SEED) -> dict[str, NDArray[np.float16]]:
    """Fit the centroids of every number of cells, and draw the turn of the signatures.

    Parameters
    ----------
    descriptors : ndarray of shape (n, LENGTH), float32, n >= max(SIDES)
    seed : of the first centroids and of the turn

    Returns
    -------
    arrays : by their names in the file, float16, which changes a distance by a thousandth
    """
    generator = np.random.default_rng(seed)
    halves = descriptors[:, :HALF], descriptors[:, HALF:]
    found = {}
    for side in SIDES:
        centroids = np.stack([_k_means(half, side, generator) for half in halves])
        found[f"centroids_{side}"] = centroids.astype(np.float16)
    turn, _triangle = np.linalg.qr(generator.normal(size=(LENGTH, LENGTH)))
    return found | {"turn": turn[:, :SIGNATURE_BITS].astype(np.float16)}


def _k_means(points: NDArray[np.float32], number: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Return the centroids of Lloyd's rounds; one that nothing is near to starts again at a random point."""
    centroids = generator.permutation(points)[:number]
    for _round in range(ROUNDS):
        nearest = ((centroids**2).sum(axis=1) - 2 * (points @ centroids.T)).argmin(axis=1)
        counts = np.bincount(nearest, minlength=number)
        sums = np.zeros_like(centroids)
        np.add.at(sums, nearest, points)
        fresh = generator.permutation(points)[:number]
        centroids = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], fresh).astype(np.float32)
    return centroids
