"""A new network serves only where it is better."""

from __future__ import annotations

import numpy as np
import pytest

from search.training.adoption import Trial, TrialFigures, decide, measure, pair_auc
from search.training.pairs import Pairs


def figures(recall: float, auc: float) -> TrialFigures:
    return TrialFigures(recall, auc, 0.0, 0.0)


def test_it_works() -> None:
    """Three originals, two copies; the second copy lies nearer to a stranger."""
    rows = np.array([[1, 0], [0, 1], [-1, 0], [0.8, 0.6], [-0.8, 0.6]], np.float32)
    pairs = Pairs(np.array([3, 4, 3]), np.array([0, 1, 2]), np.array([True, True, False]))
    found = measure(rows, Trial(3, np.array([0, 1]), pairs))
    assert found.recall_at_1 == 0.5
    assert found.pair_auc == 1
    assert found.hamming_within_7 == 1
    assert found.as_dict().keys() == {"recall_at_1", "pair_auc", "hamming_recall_at_1", "hamming_within_7"}


def test_codes_within_seven_bits_are_counted() -> None:
    rows = np.ones((3, 64), np.float32)
    rows[1, :7] = rows[2, :8] = -1
    pairs = Pairs(np.array([1, 2]), np.array([0, 0]), np.array([True, False]))
    assert measure(rows, Trial(1, np.array([0, 0]), pairs)).hamming_within_7 == 0.5


@pytest.mark.parametrize(
    ("together", "apart", "expected"),
    [([3, 4], [1, 2], 1.0), ([1, 2], [3, 4], 0.0), ([1, 3], [2, 4], 0.25), ([1], [1], 0.5), ([2, 2], [1, 2], 0.75)],
)
def test_area_under_the_curve(together: list[float], apart: list[float], expected: float) -> None:
    assert pair_auc(np.array(together), np.array(apart)) == expected


@pytest.mark.parametrize(
    ("new", "old", "adopted"),
    [
        ((0.95, 0.99), (0.90, 0.98), True),
        ((0.95, 0.979), (0.90, 0.98), True),  # lower by less than the tolerance
        ((0.95, 0.97), (0.90, 0.98), False),
        ((0.90, 0.98), (0.90, 0.98), False),
        ((0.89, 0.99), (0.90, 0.98), False),
    ],
)
def test_better_means_higher_in_one_and_lower_in_none(
    new: tuple[float, float], old: tuple[float, float], adopted: bool
) -> None:
    decision = decide(figures(*new), {"content alone": figures(*old)}, "better")
    assert decision.adopted == adopted
    assert decision.reason.code == ("better" if adopted else "no_better")
    assert [each["rival"] for each in decision.reason.params["rivals"]] == ["content alone"]


def test_every_rival_counts() -> None:
    rivals = {"content alone": figures(0.8, 0.8), "the network in use": figures(0.95, 0.95)}
    decision = decide(figures(0.9, 0.9), rivals, "better")
    assert not decision.adopted
    assert decision.reason.code == "no_better"
    assert [each["rival"] for each in decision.reason.params["rivals"]] == ["the network in use"]
    assert str(decision.reason)


@pytest.mark.parametrize(("rule", "adopted"), [("always", True), ("never", False)])
def test_people_may_decide(rule: str, adopted: bool) -> None:
    assert decide(figures(0.1, 0.1), {"content alone": figures(1, 1)}, rule).adopted == adopted


def test_without_rivals_it_is_adopted() -> None:
    assert decide(figures(0.5, 0.5), {}, "better").adopted


def test_unknown_rules_are_refused() -> None:
    with pytest.raises(ValueError, match="maybe"):
        decide(figures(1, 1), {}, "maybe")
