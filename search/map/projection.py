"""Two dimensions for the map: the plane of most variance, new rows placed into it, and the order of a walk over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_DIM = 50
"""Principal directions kept for t-SNE: beyond them its neighbors hardly change, and each costs time."""
CHUNK_ROWS = 4096
CURVE_BITS = 16


@dataclass(frozen=True, slots=True)
class Directions:
    """The principal directions of some rows, strongest first."""

    mean: NDArray[np.float32]  # (dim,)
    axes: NDArray[np.float32]  # (dim, k), orthonormal columns
    kept: float  # share of the variance that the k directions hold, 0..1
    plane: float  # share that the first two hold, 0..1


def fit_directions(rows: NDArray[np.float32], max_dim: int = MAX_DIM) -> Directions:
    """Find the principal directions of rows.

    Parameters
    ----------
    rows : ndarray of shape (n, dim), n >= 1, float32, finite
    max_dim : most directions to keep

    Returns
    -------
    directions : k = min(max_dim, dim, n - 1), at least 1. Each direction's component of largest size is positive,
        so that the same rows give the same picture everywhere.

    Raises
    ------
    ValueError : no rows, or rows that are not a matrix

    References
    ----------
    Pearson, K. (1901). On lines and planes of closest fit to systems of points in space.
    """
    if rows.ndim != 2 or len(rows) == 0:
        raise ValueError(f"expected rows of shape (n, dim) with n >= 1, got shape {rows.shape}")
    mean = rows.mean(axis=0, dtype=np.float64)
    few = len(rows) <= rows.shape[1]
    variances, vectors = _few_rows(rows - mean) if few else _many_rows(rows, mean)
    num = max(1, min(max_dim, rows.shape[1], len(rows) - 1))
    axes = vectors[:, :num]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(num)]
    axes = axes * np.where(largest < 0, -1, 1)
    total = max(float(variances.sum()), np.finfo(np.float64).tiny)
    kept, plane = (float(variances[:count].sum()) / total for count in (num, 2))
    return Directions(mean.astype(np.float32), axes.astype(np.float32), kept, plane)


def _few_rows(centred: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return variances and directions (as columns) of rows no more than they are long, strongest first."""
    _left, sizes, right = np.linalg.svd(centred, full_matrices=False)
    return sizes**2, right.T


def _many_rows(rows: NDArray[np.float32], mean: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return variances and directions (as columns) of any number of rows, in bounded memory, strongest first.

    By hand: scikit-learn's PCA finds the same to this precision only with all rows as float64 at once, and took four
    times as long for 20,000 rows of 512.
    """
    scatter = np.zeros((rows.shape[1], rows.shape[1]))
    for start in range(0, len(rows), CHUNK_ROWS):
        centred = rows[start : start + CHUNK_ROWS] - mean
        scatter += centred.T @ centred
    variances, vectors = np.linalg.eigh(scatter)
    return np.clip(variances[::-1], 0, None), vectors[:, ::-1]


def along(directions: Directions, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows as coordinates along the directions.

    Parameters
    ----------
    directions : of `fit_directions`
    rows : ndarray of shape (n, dim), float32; they need not be those that the directions were fitted to

    Returns
    -------
    coordinates : ndarray of shape (n, k), float32
    """
    found = np.empty((len(rows), directions.axes.shape[1]), np.float32)
    for start in range(0, len(rows), CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        found[part] = (rows[part] - directions.mean) @ directions.axes
    return found


def plane_of(coordinates: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the first two columns of shape (n, k) coordinates, zeros in place of a second that is not there."""
    plane = np.zeros((len(coordinates), 2), np.float32)
    num = min(2, coordinates.shape[1])
    plane[:, :num] = coordinates[:, :num]
    return plane


def turned_like(points: NDArray[np.float32], like: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the turn (or mirror image) that brings points closest to others: people find their way in a new map.

    Parameters
    ----------
    points : ndarray of shape (n, 2)
    like : ndarray of shape (n, 2): where the same images lay before

    Returns
    -------
    turn : ndarray of shape (2, 2), orthogonal; `(points - their mean) @ turn` is turned like the other points. The
        identity when there are fewer than three points.

    References
    ----------
    Schönemann, P. H. (1966). A generalized solution of the orthogonal Procrustes problem.
    """
    if len(points) < 3:
        return np.eye(2, dtype=np.float32)
    left = (points - points.mean(axis=0)).astype(np.float64)
    right = (like - like.mean(axis=0)).astype(np.float64)
    first, _sizes, second = np.linalg.svd(left.T @ right)
    return np.asarray(first @ second, np.float32)


def curve_order(points: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the order in which a Hilbert curve meets points, so that neighbors in it are neighbors on the map.

    Parameters
    ----------
    points : ndarray of shape (n, 2), finite

    Returns
    -------
    order : ndarray of shape (n,): `points[order]` lie along the curve; equal places keep their order

    References
    ----------
    Hilbert, D. (1891); the loop over bits is that of Lam and Shapiro (1994), for all points at once.
    """
    if not len(points):
        return np.empty(0, np.int64)
    low = points.min(axis=0)
    span = max(float((points.max(axis=0) - low).max()), float(np.finfo(np.float32).tiny))
    cells = np.clip((points - low) / span * 2**CURVE_BITS, 0, 2**CURVE_BITS - 1).astype(np.int64)
    x, y = cells[:, 0].copy(), cells[:, 1].copy()
    along_curve = np.zeros(len(points), np.int64)
    for bit in range(CURVE_BITS - 1, -1, -1):
        side = 1 << bit
        right, upper = (x & side) > 0, (y & side) > 0
        along_curve += side * side * ((3 * right) ^ upper)
        flip = ~upper & right
        x[flip], y[flip] = side - 1 - (x[flip] & (side - 1)), side - 1 - (y[flip] & (side - 1))
        swap = ~upper
        x[swap], y[swap] = y[swap].copy(), x[swap].copy()
        x &= side - 1
        y &= side - 1
    return np.argsort(along_curve, kind="stable")
