"""What several examples come to together, on arrays small enough to be worked by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from search.scoring.calibration import Calibration
from search.scoring.pooling import MOST_TAKEN, Pooling, pool, power_mean
from search.scoring.score import ScoreTable, tabulate

NAN = float("nan")
LINEAR = Calibration(0.0, 1.0, np.linspace(0, 6, 5), 100)
"""Six decades for a raw score of 1."""
NOBODY = np.empty(0, np.intp)


def table(color: Sequence[float], spots: Sequence[float]) -> ScoreTable:
    """Make a table of decades."""
    raw = np.array([color, spots], np.float32) / 6
    return tabulate(("color", "local"), raw, {"color": LINEAR, "local": LINEAR}, {"color": 1.0, "local": 1.0})


def pooled(liked: list[ScoreTable], disliked: Sequence[ScoreTable] = (), spared: NDArray[np.intp] = NOBODY) -> Pooling:
    return pool(liked, disliked, ["local"], spared)


def test_it_works() -> None:
    """The second image is nearer to the second example, and keypoints need no consent of the first."""
    found = pooled([table([4, 1], [0, 0]), table([2, 3], [0, 5])])
    assert found.closest.tolist() == [[0, 1], [0, 1]]
    together = [((4**4 + 2**4) / 2) ** 0.25, ((1 + 3**4) / 2) ** 0.25]
    assert found.decades == pytest.approx(np.array([together, [0, 5]]), abs=1e-5)
    assert found.table.decades == pytest.approx(np.array([[4, 3], [0, 5]]), abs=1e-5)
    rarity = (np.array([together, [0, 5]]) / 6) ** 1.5
    assert found.table.rarity == pytest.approx(rarity, abs=1e-5)
    assert found.table.fused == pytest.approx(rarity.mean(axis=0), abs=1e-5)
    assert not found.taken.any()


def test_one_example_is_pooled_to_what_it_says() -> None:
    alone = table([4, NAN], [1, 2])
    found = pooled([alone]).table
    np.testing.assert_array_equal(found.rarity, alone.rarity)
    np.testing.assert_array_equal(found.fused, alone.fused)


def test_a_disliked_example_takes_away_what_it_is_closer_by() -> None:
    found = pooled([table([4, 3, 1, 6], [0, 0, 0, 0])], [table([3, 5, 6, 6], [NAN, NAN, NAN, NAN])])
    assert found.taken[0] == pytest.approx([0, 2, MOST_TAKEN, 0], abs=1e-5)
    assert found.table.rarity[0] == pytest.approx((np.array([4, 1, 0, 6]) / 6) ** 1.5, abs=1e-5)
    assert found.table.decades[0] == pytest.approx([4, 3, 1, 6], abs=1e-5)  # as rare as it is, whatever counts
    assert found.taken[1].tolist() == [0, 0, 0, 0]


def test_nothing_is_taken_from_what_is_proven() -> None:
    found = pooled([table([1, 1], [6, 6])], [table([3, 3], [0, 0])], np.array([1]))
    assert found.taken[0] == pytest.approx([2, 0], abs=1e-5)


def test_what_examples_lack_is_left_out() -> None:
    found = pooled([table([NAN, NAN], [0, 0]), table([2, NAN], [0, 0])])
    assert found.decades[0][0] == pytest.approx(2, abs=1e-5)
    assert found.closest[0][0] == 1
    assert np.isnan(found.table.rarity[0][1])
    assert not np.isnan(found.table.fused).any()


def test_it_says_which_examples_have_to_do_with_it() -> None:
    found = pooled([table([4, NAN], [0, 0]), table([1, NAN], [0, 0])], [table([2, 2], [1, 1]), table([5, 2], [0, 0])])
    (first, second) = found.table.method_scores(np.array([0, 1]))
    told = found.explain(first, 0, [0, 2], [3, 4])
    color, spots = told["color"].pooled, told["local"].pooled
    assert color is not None
    assert spots is not None
    assert (color.example, color.against) == (0, 4)
    assert color.taken == pytest.approx(5 - color.decades, abs=1e-5)
    assert (spots.against, spots.taken) == (3, pytest.approx(1, abs=1e-5))
    assert found.explain(second, 1, [0, 2], [3, 4])["color"].pooled is None


values = hnp.arrays(np.float64, (3, 4), elements=st.floats(0, 6) | st.just(NAN))


@settings(deadline=None)
@given(values)
def test_what_is_pooled_lies_between_the_mean_and_the_highest(decades: NDArray[np.float64]) -> None:
    for column, found in zip(decades.T, power_mean(decades), strict=True):
        known = column[~np.isnan(column)]
        assert np.isnan(found) == (not len(known))
        if len(known):
            assert known.mean() - 1e-9 <= found <= known.max() + 1e-9


@settings(deadline=None)
@given(values, values)
def test_a_disliked_example_never_raises_and_takes_a_bounded_part(
    liked: NDArray[np.float64], disliked: NDArray[np.float64]
) -> None:
    zeros = [0.0] * 4
    without = pooled([table(row.tolist(), zeros) for row in liked])
    found = pooled([table(row.tolist(), zeros) for row in liked], [table(row.tolist(), zeros) for row in disliked])
    assert (found.taken >= 0).all()
    assert (found.taken <= MOST_TAKEN).all()
    np.testing.assert_array_equal(np.isnan(found.table.rarity), np.isnan(without.table.rarity))
    assert (np.nan_to_num(found.table.rarity) <= np.nan_to_num(without.table.rarity)).all()
