"""Search among very many binary codes by Hamming distance: exact up to seven bits, in a file that is mapped.

Source: multi-index hashing (Norouzi, Punjani and Fleet, "Fast search in Hamming space with multi-index hashing",
CVPR 2012) with four tables; see `search.index.hash_layout` for the file. A query touches some hundred places of the
file, whatever its length: 10^8 codes need room on the disk, but hardly any memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError
from search.index.hash_building import MEMORY_BYTES, write_index
from search.index.hash_layout import ENTRY, HEADER_BYTES, TABLES, Layout, check_codes, lane, split

RADIUS = 2 * TABLES - 1
"""Largest Hamming distance up to which every code is found."""
BLOCK_ENTRIES = 1 << 20
"""Rows looked at in one go: bounds the memory of a query for a code that very many rows share."""


class HashIndex:
    """One opened file of codes. Queries may run in several threads at once."""

    suffix = ".hashes"

    def __init__(self, layout: Layout, data: NDArray[np.uint8]) -> None:
        self.code_bytes, self.rows = layout.code_bytes, layout.rows
        self._prefix_bits = layout.prefix_bits
        self._codes = _section(data, layout.codes_at, "<u8", (self.rows, self.code_bytes // 8))
        shape = (TABLES, layout.num_prefixes + 1)
        self._offsets = _section(data, layout.offsets_at(0), ENTRY, shape)
        self._entries = _section(data, layout.entries_at(0), ENTRY, (TABLES, self.rows, 2))
        self._flips = np.concatenate([[0], 1 << np.arange(self._prefix_bits)])

    @classmethod
    def build(
        cls, chunks: Iterable[NDArray[np.uint8]], path: Path, *, code_bytes: int, memory_bytes: int = MEMORY_BYTES
    ) -> int:
        """Write an index to a new file.

        Parameters
        ----------
        chunks : ndarrays of shape (n, code_bytes), uint8, one after the other; read once
        path : of the file; not synchronised to the disk, not atomic: write into a folder nobody reads yet
        code_bytes : 8 or 16
        memory_bytes : about how much memory may be used, at least 32 MiB; with less, the codes are read more often

        Returns
        -------
        rows : how many codes were written; row i is the i-th code

        Raises
        ------
        DimensionMismatchError : codes of another length or type, none at all, or more than 2^32 - 1
        OSError : the file cannot be written
        """
        return write_index(chunks, path, code_bytes=code_bytes, memory_bytes=memory_bytes).rows

    @classmethod
    def load(cls, path: Path, code_bytes: int, rows: int) -> Self:
        """Map a file. Its content must have been compared with a checksum before, as for any index.

        Raises
        ------
        IndexDamagedError : not a file of that many such codes, or cut
        """
        try:
            with path.open("rb") as file:
                layout = Layout.unpack(file.read(HEADER_BYTES), path.name)
            num_bytes = path.stat().st_size
        except OSError as error:
            raise IndexDamagedError("code_file_unreadable", file=path.name, cause=str(error)) from error
        if (layout.code_bytes, layout.rows) != (code_bytes, rows):
            held = {"got_rows": layout.rows, "got_bytes": layout.code_bytes}
            raise IndexDamagedError("codes_of_another_size", file=path.name, rows=rows, code_bytes=code_bytes, **held)
        if num_bytes != layout.num_bytes:
            about = {"file": path.name, "expected": layout.num_bytes, "got": num_bytes}
            raise IndexDamagedError("file_size_wrong", **about)
        index = cls(layout, np.asarray(np.memmap(path, np.uint8, "r")))
        if np.any(index._offsets[:, 0]) or np.any(index._offsets[:, -1] != rows):
            raise IndexDamagedError("code_tables_wrong", file=path.name, rows=rows)
        return index

    def query(
        self, code: NDArray[np.uint8], radius: int = RADIUS, limit: int | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return every row whose code differs from a code in few bits.

        Parameters
        ----------
        code : ndarray of shape (code_bytes,), uint8
        radius : most bits that may differ, 0..7
        limit : return only that many of the closest; None: all

        Returns
        -------
        rows : ndarray of shape (m,), int64, closest first, equally close ones by rising number
        distances : ndarray of shape (m,), uint8, bits that differ

        Raises
        ------
        DimensionMismatchError : a code of another length or type
        ValueError : a radius beyond 7, up to which the search is exact, or a limit below 1
        IndexDamagedError : the file was altered after it was opened
        """
        _check_query(code, self.code_bytes, radius, limit)
        code = np.ascontiguousarray(code)
        found = [rows for table in range(TABLES) for rows in self._near_rows(table, code, radius)]
        # Several tables may lead to one row.
        rows = np.unique(np.concatenate([np.empty(0, ENTRY), *found])).astype(np.int64)
        # Before it is used: codes beyond the mapped part would end the process.
        if len(rows) and rows[-1] >= self.rows:
            raise IndexDamagedError("codes_lead_astray", row=int(rows[-1]), rows=self.rows)
        distances = np.bitwise_count(self._codes[rows] ^ code.view("<u8")).sum(axis=1, dtype=np.uint8)
        near = distances <= radius
        rows, distances = rows[near], distances[near]
        order = np.lexsort((rows, distances))[:limit]
        return rows[order], distances[order]

    def _near_rows(self, table: int, code: NDArray[np.uint8], radius: int) -> Iterator[NDArray[np.uint32]]:
        """Yield the rows that a table gives for a code, few of which are farther than the radius."""
        prefixes, checks = split(lane(code[None], table), self._prefix_bits)
        # With fewer errors than tables, some word has none.
        probes = prefixes[0] ^ (self._flips if radius >= TABLES else self._flips[:1])
        offsets = self._offsets[table]
        for entries in _blocks(self._entries[table], offsets[probes].tolist(), offsets[probes + 1].tolist()):
            yield entries[np.bitwise_count(entries[:, 0] ^ checks[0]) <= radius, 1]


def _check_query(code: NDArray[np.uint8], code_bytes: int, radius: int, limit: int | None) -> None:
    """Refuse a query that cannot be answered exactly; see `HashIndex.query`."""
    check_codes(code[None], code_bytes)
    if not 0 <= radius <= RADIUS:
        raise ValueError(f"radius: expected 0 to {RADIUS} bits, up to which the search is exact, got {radius}")
    if limit is not None and limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")


def _blocks(entries: NDArray[np.uint32], starts: list[int], ends: list[int]) -> Iterator[NDArray[np.uint32]]:
    """Yield the entries between starts and ends, joined into arrays of bounded length."""
    held: list[NDArray[np.uint32]] = []
    num_held = 0
    for start, end in zip(starts, ends, strict=True):
        for first in range(start, end, BLOCK_ENTRIES):
            piece = entries[first : min(end, first + BLOCK_ENTRIES)]
            if num_held + len(piece) > BLOCK_ENTRIES:
                yield np.concatenate(held)
                held, num_held = [], 0
            held.append(piece)
            num_held += len(piece)
    if held:
        yield np.concatenate(held)


def _section(data: NDArray[np.uint8], start: int, dtype: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return a part of the file as an array, without reading it."""
    num_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.asarray(data[start : start + num_bytes].view(dtype).reshape(shape))
