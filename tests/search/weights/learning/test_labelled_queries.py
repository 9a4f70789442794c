"""Queries and the figures of weights over them, against worked examples and the definitions one query at a time."""

from __future__ import annotations

import numpy as np
import pytest

from search.evaluation.metrics import average_precision
from search.scoring.fusion import fuse
from search.weights.learning import LabelledQuery, LabelledQuerySet
from search.weights.learning.labelled_queries import NOT_FOUND

NAN = np.nan


def query(rarities: list[list[float]], relevant: list[int], group: str = "a") -> LabelledQuery:
    return LabelledQuery(np.array(rarities, np.float32), np.array(relevant, bool), group)


def random_queries(rng: np.random.Generator, num: int, missing: float = 0.0) -> list[LabelledQuery]:
    """Questions of different lengths over three methods."""
    asked = []
    for number in range(num):
        size = int(rng.integers(4, 30))
        rarities = rng.random((3, size))
        rarities[rng.random(rarities.shape) < missing] = NAN
        relevant = rng.random(size) < 0.4
        relevant[:2] = True, False
        asked.append(LabelledQuery(rarities, relevant, f"{number % 4}"))
    return asked


def test_it_works() -> None:
    """By the first method the right answers are ranks 1 and 3, by the second 2 and 4."""
    queries = LabelledQuerySet([query([[0.9, 0.8, 0.7, 0.1], [0.6, 0.9, 0.1, 0.4]], [1, 0, 1, 0])])
    assert queries.average_precisions(np.array([1.0, 0.0])).tolist() == pytest.approx([(1 + 2 / 3) / 2])
    assert queries.average_precisions(np.array([0.0, 1.0])).tolist() == pytest.approx([(1 / 2 + 2 / 4) / 2])
    assert queries.precisions_at_1(np.array([1.0, 0.0])).tolist() == [1.0]
    assert queries.precisions_at_1(np.array([0.0, 1.0])).tolist() == [0.0]


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_figures_are_those_of_the_definitions(rng: np.random.Generator, missing: float) -> None:
    asked = random_queries(rng, 25, missing)
    queries, weights = LabelledQuerySet(asked), np.array([0.5, 0.2, 0.3])
    found = queries.average_precisions(weights)
    for each, precision in zip(asked, found, strict=True):
        scores = fuse(each.rarities, weights)
        order = np.argsort(-scores, kind="stable")
        order = order[~np.isnan(scores[order])]
        expected = average_precision(each.relevant[order], int(each.relevant.sum()))
        assert precision == pytest.approx(expected, abs=1e-6)


def test_candidates_of_one_score_share_the_middle_rank() -> None:
    queries = LabelledQuerySet([query([[0.5, 0.5, 0.5, 0.1]], [1, 0, 0, 0])])
    assert queries.average_precisions(np.ones(1)).tolist() == [0.5]
    assert queries.precisions_at_1(np.ones(1)).tolist() == pytest.approx([1 / 3])


def test_right_answers_of_one_score_share_the_middle_rank() -> None:
    """Both stand between the places 1 and 2 of all, and 1 and 2 of the right ones: precision 1."""
    queries = LabelledQuerySet([query([[0.5, 0.5, 0.1]], [1, 1, 0])])
    assert queries.average_precisions(np.ones(1)).tolist() == [1.0]


def test_what_no_weighted_method_knows_is_not_found() -> None:
    queries = LabelledQuerySet([query([[NAN, 0.2, 0.9], [0.9, NAN, NAN]], [1, 1, 0])])
    weights = np.array([1.0, 0.0])
    assert queries.scores(weights)[0] == pytest.approx([NOT_FOUND, 0.2, 0.9])
    assert queries.average_precisions(weights).tolist() == [(0 + 1 / 2) / 2]
    assert queries.average_precisions(np.zeros(2)).tolist() == [0.0]
    assert queries.precisions_at_1(np.zeros(2)).tolist() == [0.0]


def test_questions_that_teach_nothing_are_left_out() -> None:
    asked = [query([[0.1, 0.2]], [1, 1]), query([[0.1, 0.2]], [0, 0]), query([[0.1, 0.2]], [0, 1], "b")]
    assert LabelledQuerySet(asked).groups.tolist() == ["b"]


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_a_part_is_what_its_questions_make(rng: np.random.Generator, missing: float) -> None:
    asked = random_queries(rng, 12, missing)
    chosen = np.arange(12) % 3 == 0
    weights = np.array([0.1, 0.6, 0.3])
    part, whole = LabelledQuerySet(asked).subset(chosen), LabelledQuerySet(asked)
    assert len(part) == 4
    assert part.groups.tolist() == whole.groups[chosen].tolist()
    assert part.average_precisions(weights) == pytest.approx(whole.average_precisions(weights)[chosen])
    assert part.subset(np.ones(4, bool)).precisions_at_1(weights) == pytest.approx(part.precisions_at_1(weights))


def test_examples_are_all_right_answers_and_the_likeliest_wrong_ones() -> None:
    asked = [query([[0.1, 0.9, 0.8, 0.7, 0.0, NAN], [0.3, 0.7, NAN, 0.5, 0.2, NAN]], [1, 0, 0, 0, 0, 0])]
    features, right = LabelledQuerySet(asked).examples(2, seed=3)
    assert right.sum() == 1
    assert features[right].tolist() == [pytest.approx([0.1, 0.3])]
    assert [0.8, 0.8] in [pytest.approx(row) for row in features.tolist()]  # the mean stands in for what is missing
    assert 2 <= len(features) <= 3
    assert not np.isnan(features).any()


def test_no_questions_have_no_figures() -> None:
    nothing = LabelledQuerySet([])
    assert len(nothing) == 0
    assert nothing.num_methods == 0


def test_questions_of_other_methods_are_refused() -> None:
    with pytest.raises(ValueError, match="same methods"):
        LabelledQuerySet([query([[0.1, 0.2]], [1, 0]), query([[0.1, 0.2], [0.3, 0.4]], [1, 0])])
