"""The score where both answers are equally likely."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from review.queues.candidates.decision_boundary import decision_boundary


def test_it_works() -> None:
    assert decision_boundary(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1], bool)) == pytest.approx(
        0.5, abs=0.01
    )


def test_it_agrees_with_scikit_learn(rng: np.random.Generator) -> None:
    same = rng.random(400) < 0.2
    scores = np.clip(np.where(same, 0.6, 0.35) + rng.normal(0, 0.15, 400), 0, 1)
    model = LogisticRegression(class_weight="balanced", C=1e6).fit(scores[:, None], same)
    expected = -model.intercept_[0] / model.coef_[0, 0]
    assert decision_boundary(scores, same) == pytest.approx(expected, abs=0.01)


def test_how_many_there_are_of_each_kind_does_not_matter(rng: np.random.Generator) -> None:
    low, high = rng.normal(0.3, 0.1, 50), rng.normal(0.7, 0.1, 50)
    once = decision_boundary(np.concatenate([low, high]), np.repeat([False, True], 50))
    often = decision_boundary(np.concatenate([np.tile(low, 9), high]), np.repeat([False, True], [450, 50]))
    assert often == pytest.approx(once, abs=1e-6)


def test_missing_scores_are_left_out() -> None:
    scores = np.array([0.1, np.nan, 0.2, 0.8, np.nan, 0.9])
    same = np.array([0, 1, 0, 1, 0, 1], bool)
    assert decision_boundary(scores, same) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("scores", "same"),
    [
        ([0.1, 0.9], [True, True]),
        ([], []),
        ([0.9, 0.8, 0.2, 0.1], [False, False, True, True]),
    ],
)
def test_where_there_is_none_it_says_so(scores: list[float], same: list[bool]) -> None:
    assert decision_boundary(np.array(scores), np.array(same, bool)) is None


def test_it_lies_within_the_scores_there_can_be() -> None:
    found = decision_boundary(np.array([0.01, 0.02, 0.015, 0.025]), np.array([0, 1, 1, 0], bool))
    assert found is None or 0 <= found <= 1
