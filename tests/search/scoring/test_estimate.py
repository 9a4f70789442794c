"""Estimates from dot products, on arrays small enough to be worked by hand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from search.scoring.calibration import NUM_CELLS, Calibration
from search.scoring.estimate import Scan, estimate, products_of
from search.scoring.segments import MethodRows

LINEAR = Calibration(0.0, 1.0, np.linspace(0, 6, NUM_CELLS + 1), 100)
ROWS = np.array([[1, 0], [0, 1], [0.6, 0.8], [0.8, 0.6]], np.float32)
QUERY = np.array([1, 0], np.float32)


def array(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_the_weighted_mean_of_the_rarities(dtype: type[np.float32] | type[np.float64]) -> None:
    scans = [Scan(3.0, LINEAR, array(0.25, 1)), Scan(1.0, LINEAR, array(1, 0.25))]
    found = estimate(scans, (2,), dtype)
    assert found == pytest.approx([(3 * 0.125 + 1) / 4, (3 + 0.125) / 4], abs=1e-3)
    assert found.dtype == dtype


def test_where_a_method_is_missing_the_others_count_alone() -> None:
    scans = [
        Scan(0.5, LINEAR, array(0.25, 0.25, 7), np.array([True, True, False])),
        Scan(0.5, LINEAR, array(1, np.nan, 7), np.array([True, False, False])),
    ]
    assert estimate(scans, (3,), np.float64) == pytest.approx([0.5625, 0.125, np.nan], abs=1e-3, nan_ok=True)


def test_blocks_are_estimated_method_by_method() -> None:
    made = []

    def scans() -> Iterator[Scan]:
        for weight in (1.0, 1.0):
            made.append(weight)
            yield Scan(weight, LINEAR, np.array([[0, 1], [1, 0]], np.float32))

    found = scans()
    assert made == []
    assert estimate(found, (2, 2), np.float32) == pytest.approx(np.array([[0, 1], [1, 0]]))


def test_without_any_method_nothing_is_estimated() -> None:
    assert np.isnan(estimate([], (3,), np.float64)).all()
    assert estimate([], (0,), np.float64).shape == (0,)


@pytest.mark.parametrize("rows", [[3], [0, 1, 3], [3, 2, 1, 0], []])
def test_products_of_some_rows_are_those_of_all(rows: list[int]) -> None:
    present = np.array([True, False, True, True])
    products, there = products_of(MethodRows("1", ROWS, present), QUERY, np.array(rows, np.int64))
    assert products == pytest.approx((ROWS @ QUERY)[rows])
    assert there is not None
    assert there.tolist() == present[rows].tolist()


def test_reduced_rows_are_asked_in_their_own_basis() -> None:
    basis = np.array([[0], [1]], np.float32)
    held = MethodRows("1", ROWS, reduced=ROWS @ basis, basis=basis)
    products, there = products_of(held, array(0, 2), np.arange(4))
    assert products == pytest.approx([0, 2, 1.6, 1.2])
    assert there is None
