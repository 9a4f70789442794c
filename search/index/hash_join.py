"""All pairs of binary codes of 64 bits that lie close together, by multi-index hashing in memory. Pure.

`search.index.hashes` answers one query after the other from a file; this looks all rows up at once, which takes a
fiftieth of the time for each of 100,000, where the whole table of codes is compared with itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search.index.hash_layout import TABLES
from search.index.hashes import RADIUS

WORD_BITS = 64 // TABLES
PROBES_AT_ONCE = 1 << 20
Found = tuple[NDArray[np.int64], NDArray[np.int64]]


def near_codes(
    codes: NDArray[np.uint8], variants: NDArray[np.uint8], fresh: NDArray[np.bool_], *, most_bits: int
) -> Found:
    """Return all pairs of rows whose codes of 64 bits differ in few bits, in any variant of one, one row fresh.

    By the same four words as `search.index.hashes`: the rows are sorted by each word, and looked up by each word as it
    is and with each bit flipped.

    Parameters
    ----------
    codes : ndarray of shape (n, 8), uint8
    variants : ndarray of shape (n, v, 8), uint8: what each row is looked up by; the relation must be symmetric, as
        that of a picture to its mirrored and turned copies
    fresh : ndarray of shape (n,), bool: rows that are looked up
    most_bits : 0..7

    Returns
    -------
    one, other : ndarrays of shape (m,), int64, rows; a pair may come more than once

    Raises
    ------
    ValueError : more bits than can be found exactly
    """
    if not 0 <= most_bits <= RADIUS:
        raise ValueError(f"most_bits: expected 0 to {RADIUS}, up to which every pair is found, got {most_bits}")
    rows = np.flatnonzero(fresh)
    num_variants = variants.shape[1]
    probes = np.ascontiguousarray(variants[rows].reshape(-1, 8))
    asking = np.repeat(rows, num_variants)
    # Up to three bits leave one of the four words untouched; only from four on may each have one that differs.
    flips = np.concatenate([[0], 1 << np.arange(WORD_BITS)]) if most_bits >= TABLES else np.zeros(1, np.int64)
    found: list[Found] = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for word in range(TABLES):
        table = _Table(_words(codes)[:, word])
        words = _words(probes)[:, word]
        for flip in flips.tolist():
            for start in range(0, len(words), PROBES_AT_ONCE):
                part = slice(start, start + PROBES_AT_ONCE)
                place, other = table.look_up(words[part] ^ flip)
                place += start
                bits = np.bitwise_count(_whole(probes)[place] ^ _whole(codes)[other])
                near = (bits <= most_bits) & (asking[place] != other)
                found.append((asking[place[near]], other[near]))
    return np.concatenate([one for one, _other in found]), np.concatenate([other for _one, other in found])


class _Table:
    """Rows by one word of their codes, in memory."""

    def __init__(self, words: NDArray[np.int64]) -> None:
        self._rows = np.argsort(words, kind="stable")
        # Where each of the 65,536 words begins.
        self._starts = np.searchsorted(words[self._rows], np.arange((1 << WORD_BITS) + 1))

    def look_up(self, words: NDArray[np.int64]) -> Found:
        """Return the places of the words asked for and, beside each, every row that has this word."""
        starts = self._starts[words]
        counts = self._starts[words + 1] - starts
        places = np.repeat(np.arange(len(words)), counts)
        # Ranges of different lengths, one behind the other, without a loop over them.
        within = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
        return places, self._rows[np.repeat(starts, counts) + within]


def _words(codes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """See codes of shape (n, 8) as words of 16 bits, shape (n, 4)."""
    return np.ascontiguousarray(codes).view(np.uint16).astype(np.int64)


def _whole(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """See codes of shape (n, 8) as one number each, shape (n,)."""
    return np.ascontiguousarray(codes).view(np.uint64)[:, 0]
