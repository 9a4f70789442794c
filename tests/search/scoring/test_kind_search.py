"""Looking for kinds, among rows whose likeness is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from search.methods.base import normalize_rows
from search.scoring.kind_search import MAX_KINDS, Compare, find_kinds
from search.scoring.kinds import NONE, KindPlaces

DIM = 32


def photographs(num: int, rng: np.random.Generator) -> NDArray[np.float32]:
    return normalize_rows(rng.normal(size=(num, DIM)))


def scans(num: int, rng: np.random.Generator, place: int = 0) -> NDArray[np.float32]:
    """Rows that lie close together, around one axis."""
    return normalize_rows(5 * np.eye(DIM)[place] + 0.3 * rng.normal(size=(num, DIM)))


def near(rows: NDArray[np.float32]) -> Compare:
    """Two decades for a cosine of 0.8, none below."""

    def compare(places: NDArray[np.intp]) -> NDArray[np.float64]:
        decades = np.where(rows[places] @ rows[places].T > 0.8, 2.0, 0.0)
        np.fill_diagonal(decades, np.nan)
        return decades

    return compare


def never(places: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.zeros((len(places), len(places)))


def search(rows: NDArray[np.float32], num: int | None = None, seed: int = 20) -> KindPlaces | None:
    return find_kinds(rows, num or len(rows), near(rows), [near(rows), near(rows), never], seed)


def test_scans_among_photographs_are_a_kind_and_the_photographs_another(rng: np.random.Generator) -> None:
    rows = np.concatenate([scans(150, rng), photographs(400, rng)])
    places = search(rows)
    assert places is not None
    assert (places.num_kinds, places.rest) == (2, 1)
    found = places.of(rows)
    assert (found[:150] == 0).all()
    assert np.mean(found[150:] == 1) > 0.9
    again = search(rows)
    assert again is not None
    assert again.kinds.tolist() == places.kinds.tolist()
    np.testing.assert_array_equal(again.centers, places.centers)


def test_few_photographs_among_scans_are_of_no_kind(rng: np.random.Generator) -> None:
    rows = np.concatenate([scans(400, rng), photographs(70, rng)])
    places = search(rows)
    assert places is not None
    assert (places.num_kinds, places.rest) == (1, NONE)
    assert (places.of(rows[:400]) == 0).all()


def test_two_kinds_leave_no_rest(rng: np.random.Generator) -> None:
    rows = np.concatenate([scans(200, rng), scans(150, rng, place=1)])
    places = search(rows)
    assert places is not None
    assert (places.num_kinds, places.rest) == (2, NONE)
    assert set(places.of(rows[:200]).tolist()) == {0}  # the largest first
    assert set(places.of(rows[200:]).tolist()) == {1}


def test_kinds_are_bounded_in_number(rng: np.random.Generator) -> None:
    rows = np.concatenate([scans(110, rng, place) for place in range(MAX_KINDS + 2)])
    places = search(rows)
    assert places is not None
    assert places.num_kinds == MAX_KINDS + 1
    assert places.rest == MAX_KINDS


def test_what_is_alike_in_content_alone_is_no_kind(rng: np.random.Generator) -> None:
    rows = np.concatenate([scans(150, rng), photographs(400, rng)])
    assert find_kinds(rows, len(rows), near(rows), [near(rows), never, never], 20) is None
    assert find_kinds(rows, len(rows), never, [near(rows), near(rows)], 20) is None
    assert find_kinds(rows, len(rows), near(rows), [], 20) is None
    assert find_kinds(rows, len(rows), near(rows), [near(rows)], 20) is not None


@pytest.mark.parametrize(
    ("num_scans", "num_photographs"), [(0, 0), (0, 1), (2, 0), (30, 80), (60, 59), (0, 500), (500, 0), (400, 20)]
)
def test_small_libraries_and_those_of_one_kind_have_none(
    num_scans: int, num_photographs: int, rng: np.random.Generator
) -> None:
    assert search(np.concatenate([scans(num_scans, rng), photographs(num_photographs, rng)])) is None


def test_a_kind_has_to_be_large_in_the_library_and_not_only_among_the_rows(rng: np.random.Generator) -> None:
    rows = np.concatenate([scans(80, rng), photographs(300, rng)])
    assert search(rows) is None  # 80 images
    assert search(rows, num=3800) is not None  # about 800
