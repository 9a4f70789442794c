"""Evaluation: figures worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from search.evaluation import (
    Figures,
    average_precision,
    evaluate,
    evaluate_many,
    mean_average_precision,
    precision_at_k,
    recall_at_k,
)


def relevance(text: str) -> np.ndarray:
    return np.array([letter == "+" for letter in text])


def test_it_works() -> None:
    assert average_precision(relevance("+-+-")) == pytest.approx((1 + 2 / 3) / 2)
    assert precision_at_k(relevance("+-+-"), 3) == pytest.approx(2 / 3)
    assert recall_at_k(np.array([4, 2, 9]), np.array([2, 4, 7, 8])) == 0.5


@pytest.mark.parametrize(("text", "expected"), [("+++", 1), ("---", 0), ("", 0), ("--+", 1 / 3), ("-+", 0.5)])
def test_average_precision_by_hand(text: str, expected: float) -> None:
    assert average_precision(relevance(text)) == pytest.approx(expected)


def test_what_was_not_found_counts_against() -> None:
    assert average_precision(relevance("+-"), num_relevant=4) == 0.25
    with pytest.raises(ValueError, match="at least the 2 relevant"):
        average_precision(relevance("++"), num_relevant=1)


def test_precision_counts_ranks_beyond_the_end_as_misses() -> None:
    assert precision_at_k(relevance("+"), 5) == 0.2
    with pytest.raises(ValueError, match="at least 1, got 0"):
        precision_at_k(relevance("+"), 0)


def test_recall_of_nothing_is_whole() -> None:
    assert recall_at_k(np.array([1]), np.array([], int)) == 1


def test_a_query_never_finds_itself_and_lone_labels_do_not_ask() -> None:
    labels = np.array(["cat", "cat", "dog", "fox"])
    scores = np.array(
        [
            [1.0, 0.5, 0.9, 0.1],  # cat 0: dog, cat, fox -> AP 1/2, p@1 0
            [0.8, 1.0, 0.2, 0.3],  # cat 1: cat first -> AP 1, p@1 1
            [0.0, 0.0, 1.0, 0.0],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )
    figures = evaluate(lambda row: scores[row], labels)
    assert figures == Figures(map=0.75, p_at_1=0.5, p_at_5=pytest.approx(0.2))
    assert mean_average_precision(scores, labels) == 0.75
    assert figures.as_dict() == {"map": 0.75, "p_at_1": 0.5, "p_at_5": 0.2}


def test_missing_scores_are_never_found() -> None:
    labels = np.array(["a", "a", "b"])
    scores = np.array([[1, np.nan, 0.4], [0.2, 1, 0.1], [0, 0, 1]])
    assert evaluate(lambda row: scores[row], labels).map == 0.5


def test_a_ranking_may_skip_queries() -> None:
    labels = np.array(["a", "a"])
    found = evaluate_many(lambda row: {"both": np.ones(2), **({"one": np.ones(2)} if row else {})}, labels)
    assert found == {"both": Figures(1, 1, 0.2), "one": Figures(1, 1, 0.2)}


def test_no_two_of_a_label_give_zeros() -> None:
    assert evaluate(lambda row: np.zeros(2), np.array(["a", "b"])) == Figures(0, 0, 0)
