"""Linear layers found without gradients: where a siamese head starts, and how any network's outputs become bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search.methods.base import normalize_rows

SHRINKAGE = 0.3
"""Share of the mean variance that is added to what pairs differ by, so that few pairs do not deceive."""
_ROUNDS = 30


def discriminant(
    inputs: NDArray[np.floating],
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    bits: int,
    seed: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Find the layer under which pairs that belong together lie close and everything else lies wide.

    Linear discriminant analysis on pairs: directions are weighed down by how much pairs differ along them, and the
    `bits` widest of what remains are kept; then turned so that signs lose little (see `rotation`).

    Parameters
    ----------
    inputs : ndarray of shape (n, dim)
    first, second : ndarrays of shape (p,): rows that belong together, p >= 1
    bits : outputs
    seed : of the turn

    Returns
    -------
    weights, bias : ndarrays of shape (dim, bits) and (bits,), float32; outputs have a mean of 0 and a root mean
        square length of 1

    Notes
    -----
    With p pairs in dim dimensions the shrinkage grows by dim / 4p.
    """
    rows = np.asarray(inputs, np.float64)
    mean, dim = rows.mean(axis=0), rows.shape[1]
    differences = rows[first] - rows[second]
    within = differences.T @ differences / (2 * len(differences))
    spread = np.trace(within) / dim or 1.0
    # Without this, a few pairs that happen to agree along a direction would make it count above all.
    within += (SHRINKAGE + dim / (4 * len(differences))) * spread * np.eye(dim)
    # Symmetric and positive by the line above, so eigh is exact and the roots are real.
    variances, directions = np.linalg.eigh(within)
    # Where pairs that belong together differ by one unit in every direction, Euclidean distance is the right one.
    whitening = directions / np.sqrt(variances)
    wide = np.linalg.eigh(whitening.T @ np.cov(rows - mean, rowvar=False) @ whitening)[1][:, ::-1]
    return _finished(rows, mean, whitening @ wide[:, :bits], bits, seed)


def principal(inputs: NDArray[np.floating], bits: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Find the layer that keeps most of the inputs' Euclidean distances in `bits` outputs (PCA, then `rotation`).

    Parameters and returns : see `discriminant`; inputs of shape (n, dim), n >= 2
    """
    rows = np.asarray(inputs, np.float64)
    mean = rows.mean(axis=0)
    directions = np.linalg.svd(rows - mean, full_matrices=False)[2][:bits].T
    return _finished(rows, mean, directions, bits, seed)


def _finished(
    rows: NDArray[np.float64], mean: NDArray[np.float64], directions: NDArray[np.float64], bits: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fill up to `bits` outputs, turn them for their signs, and scale them."""
    # Inputs of fewer dimensions than bits leave outputs at 0, until the turn spreads the others over them.
    weights = np.zeros((rows.shape[1], bits))
    weights[:, : directions.shape[1]] = directions
    outputs = (rows - mean) @ weights
    weights /= np.sqrt((outputs**2).sum(axis=1).mean()) or 1.0
    weights = weights @ rotation(normalize_rows(outputs), seed)
    return weights.astype(np.float32), np.asarray(-mean @ weights, np.float32)


def rotation(rows: NDArray[np.floating], seed: int) -> NDArray[np.float64]:
    """Find the turn of unit rows after which their signs say most about them.

    Iterative quantization: Gong and Lazebnik, "Iterative quantization: a procrustean approach to learning binary
    codes" (CVPR 2011), from a random start.

    Parameters
    ----------
    rows : ndarray of shape (n, dim)
    seed : of the start

    Returns
    -------
    turn : ndarray of shape (dim, dim), orthonormal
    """
    dim = rows.shape[1]
    # From a random turn, since along the principal directions themselves the first bits would say nearly everything.
    turn: NDArray[np.float64] = np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, dim)))[0]
    for _ in range(_ROUNDS):
        signs = np.where(rows @ turn > 0, 1.0, -1.0)
        # The nearest turn to the signs: the orthogonal Procrustes problem.
        left, _values, right = np.linalg.svd(rows.T @ signs)
        turn = left @ right
    return turn
