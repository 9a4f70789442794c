"""Matrices on disk: written row by row in bounded memory, aligned to the generation's rows, mapped read-only."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray

from jobs.files import written_aside
from search.exceptions import DimensionMismatchError, IndexDamagedError

COPY_ROWS = 4096


class MatrixWriter:
    """Appends rows to an `.npy` file whose length is not known beforehand.

    NumPy pads headers so that the first axis can grow in place: the header is written for 0 rows, then rewritten.
    """

    def __init__(self, path: Path, dim: int, dtype: DTypeLike) -> None:
        self.dim, self.dtype, self.num_rows = dim, np.dtype(dtype), 0
        self._file = path.open("wb")
        self._write_header()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._file.seek(0)
            self._write_header()
        self._file.close()

    def append(self, rows: NDArray[Any]) -> None:
        """Append rows of shape (n, dim).

        Raises
        ------
        DimensionMismatchError : rows of another length or type
        """
        if rows.ndim != 2 or rows.shape[1] != self.dim or rows.dtype != self.dtype:
            about = {"file": Path(self._file.name).name, "expected": self.dim, "dtype": self.dtype}
            raise DimensionMismatchError("array_rows_expected", shape=str(rows.shape), got_dtype=rows.dtype, **about)
        self._file.write(np.ascontiguousarray(rows).data)
        self.num_rows += len(rows)

    def _write_header(self) -> None:
        description = {
            "descr": npy.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self.num_rows, self.dim),
        }
        npy.write_array_header_1_0(self._file, description)


def map_matrix(path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Map an `.npy` file read-only.

    Raises
    ------
    IndexDamagedError : not an array of that shape and type
    """
    try:
        # An empty file cannot be mapped, and a pickle would run its code.
        rows = np.load(path, mmap_mode="r" if 0 not in shape else None, allow_pickle=False)
    except (ValueError, OSError) as error:
        raise IndexDamagedError("array_unreadable", file=path.name, cause=str(error)) from error
    if rows.shape != shape or rows.dtype != np.dtype(dtype):
        raise IndexDamagedError("array_wrong", **about_array(path, rows, shape, dtype))
    return np.asarray(rows)


def about_array(path: Path, found: NDArray[Any], shape: tuple[int, ...], dtype: DTypeLike) -> dict[str, str]:
    """Return what `array_wrong` says: the file, what was expected of its array, and what came."""
    return {
        "file": path.name,
        "dtype": str(np.dtype(dtype)),
        "shape": str(shape),
        "got_dtype": str(found.dtype),
        "got_shape": str(found.shape),
    }


def spread_rows(path: Path, places: NDArray[np.int64], num_rows: int) -> None:
    """Rewrite a matrix so that its row i stands at row `places[i]` of `num_rows`, zeros elsewhere.

    Parameters
    ----------
    path : `.npy` file of shape (n, dim)
    places : ndarray of shape (n,), ascending
    num_rows : rows of the result
    """
    rows = np.load(path, mmap_mode="r", allow_pickle=False)
    with (
        written_aside(path, durable=False) as aside,  # the folder is brought to the disk once all is in it
        MatrixWriter(aside, rows.shape[1], rows.dtype) as writer,
    ):
        for start in range(0, num_rows, COPY_ROWS):
            block = np.zeros((min(COPY_ROWS, num_rows - start), rows.shape[1]), rows.dtype)
            first, end = np.searchsorted(places, [start, start + len(block)])
            block[places[first:end] - start] = rows[first:end]
            writer.append(block)
