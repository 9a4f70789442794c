"""Which images may be one picture: all rows that lie close together, compared in blocks. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS, BLOCK_COLUMNS = 1024, 8192
"""Rows and columns of one block of cosines: 32 MiB."""
Found = tuple[NDArray[np.int64], NDArray[np.int64]]


def near_rows(vectors: NDArray[np.float32], fresh: NDArray[np.bool_], *, least: float, most: int) -> Found:
    """Return pairs of rows with a high cosine, one of them fresh: for each fresh row the nearest.

    Parameters
    ----------
    vectors : ndarray of shape (n, dim), float32, L2 norm 1
    fresh : ndarray of shape (n,), bool: rows to be compared with all
    least : least cosine, -1..1
    most : pairs kept of each fresh row, the closest; of two fresh rows the pair counts for the one looked at first

    Returns
    -------
    one, other : ndarrays of shape (m,), int64, rows; each pair once
    """
    # Fresh rows first, so that comparing each with all rows after it leaves out no pair and takes none twice.
    order = np.concatenate([np.flatnonzero(fresh), np.flatnonzero(~fresh)])
    ordered = np.ascontiguousarray(vectors[order], np.float32)
    num_fresh = int(np.count_nonzero(fresh))
    found: list[Found] = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for start in range(0, num_fresh, BLOCK_ROWS):
        rows = np.arange(start, min(start + BLOCK_ROWS, num_fresh))
        one, other = _near_block(ordered, rows, least, most)
        found.append((order[one], order[other]))
    return np.concatenate([one for one, _other in found]), np.concatenate([other for _one, other in found])


def _near_block(vectors: NDArray[np.float32], rows: NDArray[np.int64], least: float, most: int) -> Found:
    """Compare a block of rows with all rows after each of them."""
    ones, others, scores = [], [], []
    for column in range(int(rows[0]), len(vectors), BLOCK_COLUMNS):
        block = vectors[rows] @ vectors[column : column + BLOCK_COLUMNS].T
        one, other = np.nonzero(block >= least)
        later = rows[one] < other + column
        one, other = one[later], other[later]
        ones.append(rows[one])
        others.append(other + column)
        scores.append(block[one, other])
    one, other, score = (np.concatenate(parts) for parts in (ones, others, scores))
    order = np.lexsort((other, -score, one))
    one, other = one[order], other[order]
    # The place of each pair among those of its row, as they are sorted by row.
    places = np.arange(len(one)) - np.searchsorted(one, one, side="left")
    return one[places < most], other[places < most]
