"""Writing an index of spots in bounded memory: the spots as they come, then each to its place by cell.

They are written to a file of their own first, and counted. Then they are read again in blocks; each spot goes behind
those of its cell that came before, so those of a cell stand by rising row.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from search.index.spots import SUFFIXES
from search.types import Spots

BLOCK = 1 << 20
_SPOT = np.dtype([("cell", "<u4"), ("row", "<u4"), ("signature", "<u8"), ("pose", "u1", 2)])


def write_spots(chunks: Iterable[Spots], folder: Path, name: str, *, side: int) -> int:
    """Write the files of a method's spots.

    Parameters
    ----------
    chunks : spots of rising rows, one cell each; their owners are rows
    folder, name : where, and of which method; nobody reads there yet, and the caller brings all to the disk
    side : square root of the number of cells

    Returns
    -------
    num_spots : how many were written

    Raises
    ------
    OSError : a file cannot be written
    """
    unsorted = folder / f"{name}.spots.unsorted"
    try:
        counts, num_spots = _write_unsorted(chunks, unsorted, side**2)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        np.save(folder / f"{name}.{SUFFIXES[0]}.npy", starts)
        _sort(unsorted, folder, name, starts)
    finally:
        unsorted.unlink(missing_ok=True)
    return num_spots


def _write_unsorted(chunks: Iterable[Spots], path: Path, num_cells: int) -> tuple[NDArray[np.int64], int]:
    """Write spots as they come; return how many there are in each cell, and in all."""
    counts, num_spots = np.zeros(num_cells, np.int64), 0
    with path.open("wb") as file:
        for spots in chunks:
            records = np.empty(len(spots.owners), _SPOT)
            records["cell"], records["row"] = spots.cells[:, 0], spots.owners
            records["signature"], records["pose"] = spots.signatures[:, 0], spots.poses
            counts += np.bincount(spots.cells[:, 0], minlength=num_cells)
            num_spots += len(records)
            file.write(records.data)
    return counts, num_spots


def _sort(unsorted: Path, folder: Path, name: str, starts: NDArray[np.int64]) -> None:
    num_spots, cursor = int(starts[-1]), starts[:-1].copy()
    with ExitStack() as stack:
        paths = [folder / f"{name}.{suffix}.npy" for suffix in SUFFIXES[1:]]
        rows = _new(paths[0], (num_spots,), np.uint32, stack)
        signatures = _new(paths[1], (num_spots,), np.uint64, stack)
        poses = _new(paths[2], (num_spots, 2), np.uint8, stack)
        file = stack.enter_context(unsorted.open("rb"))
        while data := file.read(BLOCK * _SPOT.itemsize):
            records = np.frombuffer(data, _SPOT)
            records = records[np.argsort(records["cell"], kind="stable")]
            cells, first, numbers = np.unique(records["cell"], return_index=True, return_counts=True)
            places = np.arange(len(records)) + np.repeat(cursor[cells] - first, numbers)
            rows[places], signatures[places], poses[places] = records["row"], records["signature"], records["pose"]
            cursor[cells] += numbers


def _new(path: Path, shape: tuple[int, ...], dtype: type[np.generic], stack: ExitStack) -> NDArray[Any]:
    """Return a new `.npy` file, mapped for writing; it is complete once the stack is left."""
    if 0 in shape:
        np.save(path, np.empty(shape, dtype))
        return np.empty(shape, dtype)
    mapped = npy.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    stack.callback(mapped.flush)
    return mapped
