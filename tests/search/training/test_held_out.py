from __future__ import annotations

import numpy as np
import pytest

from search.exceptions import TrainingError
from search.training.held_out import choose_held_out
from tests.codes import refused

LABELS = np.array([f"c{place // 3}" for place in range(30)] + ["", "", "single"])


def test_it_works() -> None:
    held = choose_held_out(LABELS, "0.3", 20)
    assert len(held) == 3
    assert held == sorted(held)
    assert set(held) <= {f"c{place}" for place in range(10)}
    assert held == choose_held_out(LABELS, "0.3", 20)
    assert held != choose_held_out(LABELS, "0.3", 21)


def test_labels_by_name() -> None:
    assert choose_held_out(LABELS, " c3, c1 ,single,", 20) == ["c1", "c3", "single"]


@pytest.mark.parametrize("nothing", ["", "0"])
def test_nothing_is_held_out(nothing: str) -> None:
    assert choose_held_out(LABELS, nothing, 20) == []


def test_photographs_without_labels_leave_nothing_to_hold_out() -> None:
    assert choose_held_out(np.array([""] * 9), "0.5", 20) == []
    assert choose_held_out(np.array(["one"] * 9), "0.5", 20) == []


def test_unknown_labels_are_refused() -> None:
    with refused(TrainingError, "no_such_label", names=["cats", "dogs"]):
        choose_held_out(LABELS, "dogs,c1,cats", 20)


@pytest.mark.parametrize("wrong", ["1", "-0.1", "1.5", "nan"])
def test_shares_out_of_range_are_refused(wrong: str) -> None:
    with refused(TrainingError, "share_expected", got=wrong):
        choose_held_out(LABELS, wrong, 20)
