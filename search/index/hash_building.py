"""Writing a file of binary codes in bounded memory: the codes as they come, then each table part by part.

A table is sorted by prefix. All prefixes are counted first, so that each part of the table holds as many rows as fit
into the memory allowed; for each part the codes are read again, from the front to the end, which the disk does fast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BufferedRandom
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError
from search.index.hash_layout import ENTRY, ENTRY_BYTES, MAX_ROWS, TABLES, Layout, check_codes, lane, split

MEMORY_BYTES = 512 * 2**20
LEAST_MEMORY_BYTES = 32 * 2**20

_SORTED_ROW_BYTES = 32  # sort key, check, row, both in their order, and the pair that is written
_DIRECTORY_BYTES = 12  # of each prefix: its offset, in memory and as it is written
_READ_ROW_BYTES = 64
_READ_SHARE = 8  # part of the memory in which codes are read
_PLACE_BITS = 32


def write_index(chunks: Iterable[NDArray[np.uint8]], path: Path, *, code_bytes: int, memory_bytes: int) -> Layout:
    """Write codes and their tables to a new file; see `HashIndex.build`."""
    memory_bytes = max(memory_bytes, LEAST_MEMORY_BYTES)
    with path.open("w+b") as file:
        layout = Layout.plan(code_bytes, _write_codes(file, chunks, code_bytes))
        for table in range(TABLES):
            _Table(file, layout, table, memory_bytes).write()
        # The header comes last: a file that was left unfinished is none.
        file.seek(0)
        file.write(layout.pack())
    return layout


def read_codes(file: Any, layout: Layout, chunk_rows: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the codes of an opened file, a chunk at a time, each with the number of its first row."""
    for first in range(0, layout.rows, chunk_rows):
        file.seek(layout.codes_at + first * layout.code_bytes)
        data = file.read(min(chunk_rows, layout.rows - first) * layout.code_bytes)
        yield first, np.frombuffer(data, np.uint8).reshape(-1, layout.code_bytes)


def _write_codes(file: BufferedRandom, chunks: Iterable[NDArray[np.uint8]], code_bytes: int) -> int:
    """Write the codes behind the place of the header, and return how many there are."""
    rows = 0
    file.seek(Layout(code_bytes, 0, 0).codes_at)
    for chunk in chunks:
        check_codes(chunk, code_bytes)
        rows += len(chunk)
        if rows > MAX_ROWS:
            raise DimensionMismatchError("too_many_codes", most=MAX_ROWS)
        file.write(np.ascontiguousarray(chunk).data)
    if not rows:
        raise DimensionMismatchError("no_codes")
    return rows


class _Table:
    """One table of a file whose codes are written."""

    def __init__(self, file: BufferedRandom, layout: Layout, table: int, memory_bytes: int) -> None:
        self._file, self._layout, self._table = file, layout, table
        self._chunk_rows = memory_bytes // _READ_SHARE // _READ_ROW_BYTES
        left = memory_bytes - memory_bytes // _READ_SHARE - _DIRECTORY_BYTES * layout.num_prefixes
        self._part_rows = max(self._chunk_rows, left // _SORTED_ROW_BYTES)

    def write(self) -> None:
        offsets = self._offsets()
        self._file.seek(self._layout.offsets_at(self._table))
        self._file.write(offsets.astype(ENTRY).data)
        first = 0
        while first < self._layout.num_prefixes:
            # as many prefixes as fit, but at least one
            end = int(np.searchsorted(offsets, offsets[first] + self._part_rows, side="right")) - 1
            end = max(first + 1, end)
            place, num_rows = int(offsets[first]), int(offsets[end] - offsets[first])
            parts = self._common(first) if end == first + 1 else [self._sorted(first, end, num_rows)]
            for part in parts if num_rows else []:
                self._file.seek(self._layout.entries_at(self._table) + place * ENTRY_BYTES)
                self._file.write(part.data)
                place += len(part)
            first = end

    def _offsets(self) -> NDArray[np.int64]:
        """Count the rows of each prefix, and return where each begins; shape (num_prefixes + 1,)."""
        offsets = np.zeros(self._layout.num_prefixes + 1, np.int64)
        for _first, prefixes, _checks in self._read():
            prefixes += 1
            np.add.at(offsets, prefixes, 1)
        return np.cumsum(offsets, out=offsets)

    def _read(self) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.uint32]]]:
        """Yield the number of a chunk's first row, and the prefixes and checks of its rows."""
        for first, codes in read_codes(self._file, self._layout, self._chunk_rows):
            yield first, *split(lane(codes, self._table), self._layout.prefix_bits)

    def _common(self, prefix: int) -> Iterator[NDArray[np.uint32]]:
        """Yield the pairs of one prefix as they are read: there may be more than fit into memory."""
        for first, prefixes, checks in self._read():
            picked = np.flatnonzero(prefixes == prefix)
            yield _pairs(checks[picked], picked + first)

    def _sorted(self, first: int, end: int, num_rows: int) -> NDArray[np.uint32]:
        """Return the pairs of all prefixes from `first` to before `end`, by prefix, then by row."""
        keys, checks, rows = np.empty(num_rows, np.uint64), np.empty(num_rows, ENTRY), np.empty(num_rows, ENTRY)
        filled = 0
        for first_row, prefixes, read in self._read():
            picked = np.flatnonzero((prefixes >= first) & (prefixes < end))
            places = slice(filled, filled + len(picked))
            keys[places] = (prefixes[picked] - first) << _PLACE_BITS
            checks[places], rows[places] = read[picked], picked + first_row
            filled += len(picked)
        # Plain integers are sorted several times faster than places by a key: so each key carries its place.
        keys |= np.arange(num_rows, dtype=np.uint64)
        keys.sort()
        keys &= np.uint64(2**_PLACE_BITS - 1)
        places_of = keys.view(np.int64)  # as unsigned numbers they would be copied to be looked up
        return _pairs(checks[places_of], rows[places_of])


def _pairs(checks: NDArray[np.uint32], rows: NDArray[Any]) -> NDArray[np.uint32]:
    """Return (n, 2) pairs of check and row number."""
    pairs = np.empty((len(rows), 2), ENTRY)
    pairs[:, 0], pairs[:, 1] = checks, rows
    return pairs
