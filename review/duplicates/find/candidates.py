"""Which images may be one picture: all rows that lie close together, found in blocks. Pure.

Both functions look at every pair there is, or at every pair with a fresh row; neither goes through pairs one by one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS, BLOCK_COLUMNS = 1024, 8192
"""Rows and columns of one block of cosines: 32 MiB."""
WORDS, WORD_BITS = 4, 16
MAX_BITS = 2 * WORDS - 2
PROBES_AT_ONCE = 1 << 20
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
    found: list[Found] = [_nothing()]
    for start in range(0, num_fresh, BLOCK_ROWS):
        rows = np.arange(start, min(start + BLOCK_ROWS, num_fresh))
        one, other = _near_block(ordered, rows, least, most)
        found.append((order[one], order[other]))
    return _joined(found)


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


def near_codes(
    codes: NDArray[np.uint8], variants: NDArray[np.uint8], fresh: NDArray[np.bool_], *, most_bits: int
) -> Found:
    """Return all pairs of rows whose codes of 64 bits differ in few bits, in any variant of one, one row fresh.

    A code within 6 bits of another has one of its four words of 16 bits within one bit of the other's (multi-index
    hashing, Norouzi, Punjani and Fleet, CVPR 2012); so the rows are sorted by each word, and looked up by each word as
    it is and with each bit flipped.

    Parameters
    ----------
    codes : ndarray of shape (n, 8), uint8
    variants : ndarray of shape (n, v, 8), uint8: what each row is looked up by; the relation must be symmetric, as
        that of a picture to its mirrored and turned copies
    fresh : ndarray of shape (n,), bool: rows that are looked up
    most_bits : 0..6

    Returns
    -------
    one, other : ndarrays of shape (m,), int64, rows; a pair may come more than once

    Raises
    ------
    ValueError : more bits than can be found exactly
    """
    if not 0 <= most_bits <= MAX_BITS:
        raise ValueError(f"most_bits: expected 0 to {MAX_BITS}, up to which every pair is found, got {most_bits}")
    rows = np.flatnonzero(fresh)
    num_variants = variants.shape[1]
    probes = np.ascontiguousarray(variants[rows].reshape(-1, 8))
    asking = np.repeat(rows, num_variants)
    # Up to three bits leave one of the four words untouched; only from four on may each have one that differs.
    flips = np.concatenate([[0], 1 << np.arange(WORD_BITS)]) if most_bits >= WORDS else np.zeros(1, np.int64)
    found: list[Found] = [_nothing()]
    for word in range(WORDS):
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
    return _joined(found)


class _Table:
    """Rows by one word of their codes."""

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


def _nothing() -> Found:
    return np.empty(0, np.int64), np.empty(0, np.int64)


def _joined(found: list[Found]) -> Found:
    return np.concatenate([one for one, _other in found]), np.concatenate([other for _one, other in found])
