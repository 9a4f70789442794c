"""Rows of a mapped matrix are asked of the disk all at once, rather than each when it is touched.

Where a generation is larger than the memory, the whole rows of some hundred candidates lie on pages that must be read
first; touched one after the other, each is waited for by itself.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

MIN_ROW_BYTES = 512
"""Shorter rows are not worth a call each: many share a page, and their matrix is small."""


def announce(matrix: NDArray[Any], rows: NDArray[np.int64]) -> None:
    """Tell the system which rows are about to be read; of an array that is not a mapped file nothing.

    Parameters
    ----------
    matrix : array of shape (n, dim), C-contiguous, for example from `matrices.map_matrix`
    rows : ndarray of row numbers, in any order
    """
    mapped = _map_of(matrix)
    # Not every system takes such advice, and none needs it: it only saves waiting.
    if mapped is None or not len(rows) or matrix.strides[0] < MIN_ROW_BYTES or not hasattr(mmap, "MADV_WILLNEED"):
        return
    origin = np.frombuffer(mapped, np.uint8, 1)
    offset = _address(matrix) - _address(origin)
    for start, end in spans(offset, matrix.strides[0], np.sort(rows), mmap.PAGESIZE):
        # The last page may reach beyond the end of the file.
        mapped.madvise(mmap.MADV_WILLNEED, start, min(end, len(mapped)) - start)


def spans(offset: int, row_bytes: int, rows: NDArray[np.int64], page: int) -> Iterator[tuple[int, int]]:
    """Yield the bytes that hold some rows, in whole pages, as start and end; ascending and apart from each other.

    Parameters
    ----------
    offset : bytes before row 0
    row_bytes : of one row
    rows : ndarray of row numbers, ascending, at least one
    page : bytes of a page
    """
    first = offset + rows * row_bytes
    starts, ends = first // page * page, -(-(first + row_bytes) // page) * page
    breaks = np.flatnonzero(starts[1:] > ends[:-1])
    yield from zip(starts[np.r_[0, breaks + 1]].tolist(), ends[np.r_[breaks, len(rows) - 1]].tolist(), strict=True)


def _map_of(array: Any) -> mmap.mmap | None:
    while isinstance(array, np.ndarray):
        array = array.base
    return array if isinstance(array, mmap.mmap) else None


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])
