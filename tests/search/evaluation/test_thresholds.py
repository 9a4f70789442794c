"""Thresholds from pairs: worked by hand, and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from search.evaluation.thresholds import Advice, PairMeter


def meter(right: list[float], wrong: list[float]) -> PairMeter:
    found = PairMeter()
    found.add(np.array(right + wrong), np.arange(len(right) + len(wrong)) < len(right))
    return found


def test_it_works() -> None:
    found = meter([0.9, 0.8, 0.4], [0.6, 0.3])
    assert (found.num_right, found.num_wrong) == (3, 2)
    assert found.average_precision() == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert found.auc() == pytest.approx(5 / 6)
    assert found.advise(0.75) == Advice(pytest.approx(0.4), 0.75, 1.0, pytest.approx(6 / 7))
    assert found.best_f1() == found.advise(0.75)
    assert found.best_f1().as_dict() == {"threshold": 0.4, "precision": 0.75, "recall": 1.0, "f1": 0.8571}  # type: ignore[union-attr]


def test_a_precision_that_too_few_pairs_reach_is_not_advised() -> None:
    few = meter([0.9, 0.8], [0.7])
    assert few.advise(0.99) == Advice(pytest.approx(0.8), 1.0, 1.0, 1.0)  # two are all there are
    many = meter([0.9, 0.8] + [0.1] * 20, [0.7, 0.6, 0.5, 0.4])
    assert many.advise(0.99) is None  # two of twenty-two prove nothing
    assert many.advise(0.8) == Advice(pytest.approx(0.1), pytest.approx(22 / 26), 1.0, pytest.approx(44 / 48))
    assert many.advise(0.9) is None


def test_nothing_right_advises_nothing() -> None:
    found = meter([], [0.5])
    assert found.advise(0.5) is None
    assert found.best_f1() is None
    assert found.average_precision() == 0
    assert found.auc() == 0.5
    assert (found.curve() == 0).all()


def test_pairs_without_a_score_are_left_out() -> None:
    found = PairMeter()
    found.add(np.array([np.nan, 0.5, np.nan]), np.array([True, True, False]))
    assert (found.num_right, found.num_wrong) == (1, 0)


def test_what_lies_outside_counts_as_the_nearer_end() -> None:
    found = PairMeter(0.0, 1.0)
    found.add(np.array([1.0000001, -0.2]), np.array([True, False]))
    assert found.advise(1.0) == Advice(pytest.approx(1.0), 1.0, 1.0, 1.0)


def test_single_precision_does_not_move_a_threshold() -> None:
    found = PairMeter()
    found.add(np.array([0.3, 0.7], np.float32), np.array([True, True]))
    advice = found.advise(1.0)
    assert advice is not None
    assert advice.threshold == pytest.approx(0.3, abs=1e-9)


def test_figures_are_those_of_scikit_learn(rng: np.random.Generator) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    same = rng.random(500) < 0.3
    scores = np.round(np.clip(rng.normal(0.3 + 0.2 * same, 0.2), -1, 1), 3)
    found = PairMeter()
    for part in range(5):
        found.add(scores[part::5], same[part::5])
    assert found.average_precision() == pytest.approx(metrics.average_precision_score(same, scores))
    assert found.auc() == pytest.approx(metrics.roc_auc_score(same, scores))
    precisions, recalls, _ = metrics.precision_recall_curve(same, scores)
    expected = [precisions[recalls >= level - 1e-9].max() for level in (0, 0.25, 0.5, 1)]
    assert found.curve()[[0, 25, 50, 100]] == pytest.approx(expected)
