"""Codes that lie close together: compared with every pair there is, one by one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from search.index.hash_join import near_codes
from search.index.hashes import RADIUS
from search.methods.phash import orientations


def as_set(found: tuple[NDArray[np.int64], NDArray[np.int64]]) -> set[tuple[int, int]]:
    return {(min(pair), max(pair)) for pair in zip(*(each.tolist() for each in found), strict=True)}


@pytest.mark.parametrize("rows", [0, 1])
def test_nothing_to_compare(rows: int) -> None:
    codes = np.zeros((rows, 8), np.uint8)
    assert as_set(near_codes(codes, codes[:, None], np.ones(rows, bool), most_bits=RADIUS)) == set()


def turned(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.array([orientations(code) for code in codes])


@pytest.mark.parametrize("most_bits", [0, 3, RADIUS])
def test_every_code_is_found_in_every_orientation(rng: np.random.Generator, most_bits: int) -> None:
    codes = rng.integers(0, 256, (60, 8)).astype(np.uint8)
    for row in range(0, 60, 2):  # every second is a turned copy of the one before, with a few bits flipped
        bits = np.unpackbits(orientations(codes[row])[rng.integers(8)])
        bits[rng.choice(64, rng.integers(0, RADIUS + 3), replace=False)] ^= 1
        codes[row + 1] = np.packbits(bits)
    distances = (
        np.array([np.bitwise_count(codes ^ code).sum(axis=1) for each in turned(codes) for code in each])
        .reshape(60, 8, 60)
        .min(axis=1)
    )
    expected = {(one, other) for one, other in combinations(range(60), 2) if distances[one, other] <= most_bits}
    assert len(expected) >= 2
    assert as_set(near_codes(codes, turned(codes), np.ones(60, bool), most_bits=most_bits)) == expected


def test_only_fresh_codes_are_looked_up() -> None:
    codes = np.zeros((4, 8), np.uint8)
    found = near_codes(codes, codes[:, None], np.array([False, False, True, False]), most_bits=2)
    assert as_set(found) == {(0, 2), (1, 2), (2, 3)}


def test_more_bits_than_can_be_found_exactly_are_refused() -> None:
    codes = np.zeros((2, 8), np.uint8)
    with pytest.raises(ValueError, match="got 8"):
        near_codes(codes, codes[:, None], np.ones(2, bool), most_bits=RADIUS + 1)
