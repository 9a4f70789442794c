"""Rows that lie close together: compared with every pair there is, one by one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from review.duplicates.find import candidates
from review.duplicates.find.candidates import near_rows
from search.methods.base import normalize_rows


def as_set(found: tuple[NDArray[np.int64], NDArray[np.int64]]) -> set[tuple[int, int]]:
    return {(min(pair), max(pair)) for pair in zip(*(each.tolist() for each in found), strict=True)}


def vectors(num: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Unit vectors around a few centers, so that some are close."""
    centers = rng.normal(size=(num // 4, 16))
    return normalize_rows(centers[rng.integers(0, len(centers), num)] + 0.3 * rng.normal(size=(num, 16)))


def test_it_works() -> None:
    rows = np.array([[1, 0], [0.8, 0.6], [0, 1], [1, 0]], np.float32)
    found = near_rows(rows, np.ones(4, bool), least=0.7, most=9)
    assert as_set(found) == {(0, 1), (0, 3), (1, 3)}


@pytest.mark.parametrize("share_fresh", [1.0, 0.5, 0.1])
def test_every_pair_is_found_with_a_fresh_row(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, share_fresh: float
) -> None:
    monkeypatch.setattr(candidates, "BLOCK_ROWS", 7)
    monkeypatch.setattr(candidates, "BLOCK_COLUMNS", 13)
    rows, fresh = vectors(100, rng), rng.random(100) < share_fresh
    scores = rows @ rows.T
    expected = {
        (one, other)
        for one, other in combinations(range(100), 2)
        if scores[one, other] >= 0.8 and fresh[[one, other]].any()
    }
    found = near_rows(rows, fresh, least=0.8, most=100)
    assert as_set(found) == expected
    assert len(found[0]) == len(expected)  # each once


def test_of_too_many_the_closest_are_kept() -> None:
    rows = normalize_rows(np.array([[1, 0], [1, 0.1], [1, 0.2], [1, 0.3]]))
    found = near_rows(rows, np.array([True, False, False, False]), least=0.5, most=2)
    assert as_set(found) == {(0, 1), (0, 2)}


@pytest.mark.parametrize("rows", [0, 1])
def test_nothing_to_compare(rows: int) -> None:
    assert as_set(near_rows(np.ones((rows, 1), np.float32), np.ones(rows, bool), least=0.5, most=5)) == set()
