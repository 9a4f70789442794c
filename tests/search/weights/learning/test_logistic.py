"""Logistic regression that never learns a negative weight."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from search.weights.learning.logistic import fit_logistic


def examples(rng: np.random.Generator, slopes: list[float], num: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    features = rng.random((num, len(slopes)))
    chances = 1 / (1 + np.exp(-(features - 0.5) @ np.array(slopes)))
    return features, rng.random(num) < chances


def test_it_works(rng: np.random.Generator) -> None:
    weights = fit_logistic(*examples(rng, [6.0, 2.0, 0.0]), penalty=1e-6)
    assert weights.sum() == pytest.approx(1)
    assert weights == pytest.approx([0.75, 0.25, 0.0], abs=0.05)


def test_it_is_the_regression_of_scikit_learn_where_no_weight_is_negative(rng: np.random.Generator) -> None:
    features, right = examples(rng, [5.0, 3.0, 1.0])
    penalty = 0.01
    # scikit-learn sums class-balanced losses over n rows (n / 2 a class): C = 1 / (penalty * n) weighs alike.
    model = LogisticRegression(C=1 / (penalty * len(right)), class_weight="balanced", tol=1e-8, max_iter=1000)
    expected = model.fit(features, right).coef_[0]
    assert np.all(expected > 0)
    assert fit_logistic(features, right, penalty) == pytest.approx(expected / expected.sum(), abs=1e-3)


def test_a_method_that_is_wrong_gets_nothing(rng: np.random.Generator) -> None:
    weights = fit_logistic(*examples(rng, [4.0, -4.0]), penalty=1e-3)
    assert weights.tolist() == [1.0, 0.0]


def test_a_great_penalty_leaves_the_distance_of_the_means(rng: np.random.Generator) -> None:
    features, right = examples(rng, [8.0, 2.0])
    apart = features[right].mean(axis=0) - features[~right].mean(axis=0)
    assert fit_logistic(features, right, penalty=1e4) == pytest.approx(apart / apart.sum(), abs=3e-3)


@pytest.mark.parametrize("right", [True, False])
def test_one_kind_of_answer_teaches_nothing(right: bool) -> None:
    assert fit_logistic(np.random.default_rng(1).random((5, 4)), np.full(5, right), 0.1).tolist() == [0.25] * 4


def test_methods_that_say_nothing_count_alike() -> None:
    assert fit_logistic(np.full((6, 2), 0.5), np.array([1, 0] * 3, bool), 0.1) == pytest.approx([0.5, 0.5])
