"""Cohen's kappa: worked tables, published figures, and the cases in which there is none."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from review.queues.kappa import collapse, measure, tabulate


def test_it_works() -> None:
    found = measure(np.array([[20, 5], [10, 15]]))
    assert (found.num_pairs, found.observed, found.expected) == (50, 0.7, 0.5)
    assert found.kappa == 0.4


def test_it_gives_the_published_standard_error() -> None:
    """Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 3rd ed., section 18.1: kappa 0.68."""
    found = measure(np.array([[75, 1, 4], [5, 4, 1], [0, 0, 10]]))
    assert found.kappa == pytest.approx(0.6765, abs=5e-4)
    assert found.high is not None
    assert found.low is not None
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(0.0877, abs=5e-4)


def test_it_agrees_with_scikit_learn(rng: np.random.Generator) -> None:
    first = rng.choice(["a", "b", "c"], 200)
    second = np.where(rng.random(200) < 0.6, first, rng.choice(["a", "b", "c"], 200))
    found = measure(tabulate(zip(first, second, strict=True), ["a", "b", "c"]))
    assert found.kappa == pytest.approx(cohen_kappa_score(first, second))


def test_the_interval_holds_what_it_says(rng: np.random.Generator) -> None:
    """Of many samples of readers whose kappa is known, 95 % have an interval around it."""
    shares = np.array([[0.3, 0.05, 0.05], [0.05, 0.2, 0.05], [0.05, 0.05, 0.2]])
    chance = shares.sum(0) @ shares.sum(1)
    truth = (np.trace(shares) - chance) / (1 - chance)
    samples = [measure(rng.multinomial(200, shares.ravel()).reshape(3, 3)) for _ in range(1000)]
    inside = [each.low <= truth <= each.high for each in samples if each.low is not None and each.high is not None]
    assert 0.93 < np.mean(inside) < 0.97


def test_the_order_of_the_readers_does_not_matter() -> None:
    table = np.array([[10, 3, 0], [1, 5, 2], [4, 0, 9]])
    assert measure(table) == measure(table.T)


def test_perfect_agreement_is_one_and_its_opposite_below_zero() -> None:
    assert measure(np.array([[3, 0], [0, 4]])).kappa == 1
    opposite = measure(np.array([[0, 5], [5, 0]]))
    assert opposite.kappa == -1
    assert opposite.low == -1


@pytest.mark.parametrize("table", [np.zeros((2, 2), np.int64), np.array([[9, 0], [0, 0]])])
def test_where_there_is_none_it_says_so(table: np.ndarray) -> None:
    found = measure(table)
    assert found.kappa is found.low is found.high is None


@pytest.mark.parametrize("table", [np.zeros((2, 3), np.int64), np.array([[1, -1], [0, 2]]), np.zeros(4, np.int64)])
def test_what_is_no_table_is_refused(table: np.ndarray) -> None:
    with pytest.raises(ValueError, match="square"):
        measure(table)


def test_answers_outside_the_categories_are_left_out() -> None:
    answers = [("same", "same"), ("same", "unsure"), ("different", "same")]
    assert tabulate(answers, ["same", "different"]).tolist() == [[1, 0], [1, 0]]


def test_answers_are_grouped() -> None:
    groups = {"same": "yes", "near": "yes", "different": "no"}
    assert collapse([("same", "near"), ("near", "different"), ("same", "related")], groups) == [
        ("yes", "yes"),
        ("yes", "no"),
    ]
