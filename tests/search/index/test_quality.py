"""Quality: a geometric scale, and the way back."""

from __future__ import annotations

import pytest

from search.index.quality import between, quality_of


@pytest.mark.parametrize(("quality", "expected"), [(0, 10), (0.5, 100), (1, 1000)])
def test_equal_steps_multiply(quality: float, expected: float) -> None:
    assert between(10, 1000, quality) == pytest.approx(expected)


def test_where_the_most_is_less_than_the_least_there_is_no_choice() -> None:
    assert [between(10, 3, quality) for quality in (0, 0.5, 1)] == [10, 10, 10]
    assert quality_of(10, 3, 500) == 0


@pytest.mark.parametrize("value", [1000, 2000, 16_000, 125_000])
def test_there_and_back(value: int) -> None:
    assert round(between(1000, 125_000, quality_of(1000, 125_000, value))) == value


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (999, 0), (10**9, 1)])
def test_values_beyond_the_scale_are_its_ends(value: int, expected: float) -> None:
    assert quality_of(1000, 125_000, value) == expected
