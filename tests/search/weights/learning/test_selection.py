"""Learning weights: what they reach, and what they never lose."""

from __future__ import annotations

import numpy as np
import pytest

from search.weights.learning import LabelledQuery, LabelledQuerySet, learn
from search.weights.learning.selection import Objective, rounded

PRESENT = np.array([0.5, 0.5, 0.0])


def queries(rng: np.random.Generator, useful: list[float], num: int = 40) -> LabelledQuerySet:
    """Ask for one of twenty candidates, which each method likes that much better than the others."""
    asked = []
    for number in range(num):
        rarities = rng.random((len(useful), 20)) * 0.6
        rarities[:, 0] += np.array(useful)
        asked.append(LabelledQuery(np.clip(rarities, 0, 1), np.arange(20) == 0, f"{number}"))
    return LabelledQuerySet(asked)


def mean(asked: LabelledQuerySet, weights: np.ndarray) -> float:
    return float(asked.average_precisions(weights).mean())


def test_it_works(rng: np.random.Generator) -> None:
    asked = queries(rng, [0.3, 0.0, 0.3])
    weights = learn({"set": asked}, PRESENT, 1)
    assert weights.sum() == pytest.approx(1)
    assert weights[1] < 0.1
    assert 0.3 < weights[0] < 0.7
    assert mean(asked, weights) > max(mean(asked, single) for single in np.eye(3))
    assert np.allclose(weights * 100, np.round(weights * 100))


def test_nothing_is_lost_to_a_method_that_is_best_alone(rng: np.random.Generator) -> None:
    asked = queries(rng, [0.0, 0.0, 0.55])
    weights = learn({"set": asked}, PRESENT, 1)
    assert weights[2] > 0.6
    assert mean(asked, weights) >= mean(asked, np.array([0.0, 0.0, 1.0]))


def test_nothing_changes_where_nothing_can_be_gained(rng: np.random.Generator) -> None:
    asked = queries(rng, [1.0, 1.0, 1.0])
    assert learn({"set": asked}, PRESENT, 1).tolist() == PRESENT.tolist()


def test_no_set_is_sacrificed_for_another(rng: np.random.Generator) -> None:
    """The first method would lift one set at the cost of the other, which the third serves best alone."""
    sets = {"one": queries(rng, [0.4, 0.0, 0.4]), "other": queries(rng, [0.0, 0.0, 0.5])}
    weights = learn(sets, PRESENT, 1)
    for asked in sets.values():
        best = max(mean(asked, single) for single in np.eye(3))
        assert mean(asked, weights) >= 0.99 * best


def test_the_same_questions_teach_the_same(rng: np.random.Generator) -> None:
    asked = queries(rng, [0.2, 0.1, 0.2])
    assert learn({"set": asked}, PRESENT, 1).tolist() == learn({"set": asked}, PRESENT, 1).tolist()


def test_a_change_must_be_worth_it(rng: np.random.Generator) -> None:
    objective = Objective({"set": queries(rng, [1.0, 1.0, 1.0])}, PRESENT)
    assert objective(PRESENT) > objective(np.array([0.4, 0.6, 0.0])) > objective(np.array([0.0, 0.0, 1.0]))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 1, 1], [0.34, 0.33, 0.33]),
        ([0.3, 0.2, 0.5], [0.3, 0.2, 0.5]),
        ([0, 0, 7], [0, 0, 1]),
        ([0.001, 0.999, 0], [0, 1, 0]),
    ],
)
def test_weights_are_rounded_to_what_sliders_can_say(given: list[float], expected: list[float]) -> None:
    assert rounded(np.array(given, np.float64)).tolist() == expected
