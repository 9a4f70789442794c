"""How a file of binary codes is laid out: header, codes, and four tables that lead to them.

A code is cut into four words. Two codes that differ in at most seven bits differ in at most one bit of some word
(seven errors cannot put two into each of four words), so each table gathers the rows by one word: by its first
`prefix_bits`, with the next 32 bits of the code kept beside the row number. These sort out nearly all rows that share
a word by chance, before their codes are read from another place.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError, IndexDamagedError

TABLES = 4
CODE_BYTES = (8, 16)
# A page of memory, so that whatever follows is aligned for every type that it is mapped as.
HEADER_BYTES = 4096
MAX_ROWS = 2**32 - 1
ENTRY = np.dtype("<u4")
"""Of offsets, checks and row numbers."""
ENTRY_BYTES = 2 * ENTRY.itemsize

_MAGIC, _FORMAT = b"LKHASH\r\n", 1
_HEADER = struct.Struct("<8sIIQI4x")
_LANE_BITS, _CHECK_BITS = 64, 32
_ROWS_PER_PREFIX = 8  # the fewer, the larger the directory; with eight it is an eighth of the tables
_LEAST_PREFIX_BITS = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands in a file of `rows` codes; offsets in bytes."""

    code_bytes: int
    rows: int
    prefix_bits: int

    @classmethod
    def plan(cls, code_bytes: int, rows: int) -> Self:
        """Choose the length of the prefixes: about eight rows share one if all codes are equally likely."""
        word_bits = code_bytes * 8 // TABLES
        wanted = (rows // _ROWS_PER_PREFIX).bit_length()
        # No longer than the word itself, and not so short that a directory would hardly divide anything.
        return cls(code_bytes, rows, min(max(wanted, _LEAST_PREFIX_BITS), word_bits))

    @property
    def num_prefixes(self) -> int:
        return 1 << self.prefix_bits

    @property
    def codes_at(self) -> int:
        return HEADER_BYTES

    def offsets_at(self, table: int) -> int:
        """Return where a table's directory begins: for each prefix the first of its rows, then the number of rows."""
        start = HEADER_BYTES + self.rows * self.code_bytes
        return start + table * (self.num_prefixes + 1) * ENTRY.itemsize

    def entries_at(self, table: int) -> int:
        """Return where a table's rows begin: pairs of check and row number."""
        start = self.offsets_at(TABLES) + (-self.offsets_at(TABLES)) % ENTRY_BYTES
        return start + table * self.rows * ENTRY_BYTES

    @property
    def num_bytes(self) -> int:
        return self.entries_at(TABLES)

    def pack(self) -> bytes:
        """Return the header: what this is, and a sum of that."""
        fields = _HEADER.pack(_MAGIC, _FORMAT, self.code_bytes, self.rows, self.prefix_bits)
        return (fields + hashlib.sha256(fields).digest()).ljust(HEADER_BYTES, b"\0")

    @classmethod
    def unpack(cls, header: bytes, name: str) -> Self:
        """Read a header.

        Raises
        ------
        IndexDamagedError : not the header of such a file, altered, or of another format; the text names `name`
        """
        fields, digest = header[: _HEADER.size], header[_HEADER.size : _HEADER.size + hashlib.sha256().digest_size]
        if len(header) < HEADER_BYTES or not fields.startswith(_MAGIC):
            raise IndexDamagedError("no_code_file", file=name)
        if hashlib.sha256(fields).digest() != digest:
            raise IndexDamagedError("header_altered", file=name)
        _magic, version, code_bytes, rows, prefix_bits = _HEADER.unpack(fields)
        if version != _FORMAT:
            raise IndexDamagedError("format_wrong", file=name, expected=_FORMAT, got=version)
        return cls(code_bytes, rows, prefix_bits)


def check_codes(codes: NDArray[np.uint8], code_bytes: int) -> None:
    """Raise DimensionMismatchError unless these are rows of 8 or 16 bytes, as said."""
    if code_bytes not in CODE_BYTES:
        raise DimensionMismatchError("code_bits_expected", got=8 * code_bytes)
    if codes.ndim != 2 or codes.shape[1] != code_bytes or codes.dtype != np.uint8:
        about = {"expected": code_bytes, "shape": str(codes.shape), "dtype": codes.dtype}
        raise DimensionMismatchError("codes_expected", **about)


def lane(codes: NDArray[np.uint8], table: int) -> NDArray[np.uint64]:
    """Return 64 bits of each code that begin with the word of a table; shape (n, code_bytes) in, (n,) out."""
    word_bits = codes.shape[1] * 8 // TABLES
    words = np.ascontiguousarray(codes).view(f"<u{word_bits // 8}")
    lanes = words[:, table].astype(np.uint64)
    for step in range(1, _LANE_BITS // word_bits):
        lanes <<= np.uint64(word_bits)
        lanes |= words[:, (table + step) % TABLES]
    return lanes


def split(lanes: NDArray[np.uint64], prefix_bits: int) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Return the first bits of each lane, and the 32 bits that follow; shape (n,) each."""
    prefixes = (lanes >> np.uint64(_LANE_BITS - prefix_bits)).astype(np.int64)
    return prefixes, (lanes >> np.uint64(_LANE_BITS - prefix_bits - _CHECK_BITS)).astype(np.uint32)
