"""Evaluation: figures worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from search.evaluation.metrics import (
    Figures,
    RankingMeter,
    average_precision,
    evaluate,
    evaluate_many,
    mean_average_precision,
    ns_score,
    precision_at_k,
    precision_curve,
    ranked,
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
    with pytest.raises(ValueError, match="num_relevant: "):
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
    assert figures == Figures(map=0.75, p_at_1=0.5, p_at_5=pytest.approx(0.2), recall_at_10=1, ns=3)
    assert mean_average_precision(scores, labels) == 0.75
    assert figures.as_dict() == {"map": 0.75, "p_at_1": 0.5, "p_at_5": 0.2, "recall_at_10": 1, "ns": 3}


def test_missing_scores_are_never_found() -> None:
    labels = np.array(["a", "a", "b"])
    scores = np.array([[1, np.nan, 0.4], [0.2, 1, 0.1], [0, 0, 1]])
    assert evaluate(lambda row: scores[row], labels).map == 0.5


def test_a_ranking_may_skip_queries() -> None:
    labels = np.array(["a", "a"])
    found = evaluate_many(lambda row: {"both": np.ones(2), **({"one": np.ones(2)} if row else {})}, labels)
    assert found == {"both": Figures(1, 1, 0.2, 1, 4), "one": Figures(1, 1, 0.2, 1, 4)}


def test_no_two_of_a_label_give_zeros() -> None:
    assert evaluate(lambda row: np.zeros(2), np.array(["a", "b"])) == Figures(0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "num_relevant", "expected"),
    [
        ("+++-", 3, 4.0),  # a group of four, all first
        ("+-+-", 3, 3.0),
        ("---+", 3, 1.0),  # the query alone, the fourth of the others is too late
        ("+++++", 14, 4.0),  # larger groups: the first four as well
        ("-++--", 14, 3.0),
        ("+---", 1, 4.0),  # a pair, found
        ("-+--", 1, 2.0),
        ("+-+-", 2, 8 / 3),  # a group of three: two of three, scaled
    ],
)
def test_ns_score_by_hand(text: str, num_relevant: int, expected: float) -> None:
    assert ns_score(relevance(text), num_relevant) == pytest.approx(expected)


def test_precision_curve_by_hand() -> None:
    curve = precision_curve(relevance("+-+--+"), num_relevant=4)  # precision 1, 2/3, 1/2 at recall 1/4, 2/4, 3/4
    assert curve[[0, 25]] == pytest.approx(1)
    assert curve[[26, 50]] == pytest.approx(2 / 3)
    assert curve[[51, 75]] == pytest.approx(1 / 2)
    assert curve[[76, 100]] == pytest.approx(0)  # the fourth was never found


def test_precision_curve_is_interpolated() -> None:
    assert precision_curve(relevance("-++")) == pytest.approx(2 / 3)
    assert precision_curve(relevance("")) == pytest.approx(0)


def test_meters_average_over_queries() -> None:
    meter = RankingMeter()
    assert meter.figures() == Figures(0, 0, 0, 0, 0)
    meter.add(relevance("+-"), 1)
    meter.add(relevance("-+"), 1)
    assert len(meter) == 2
    assert meter.figures().map == 0.75
    assert meter.curve()[[0, 100]] == pytest.approx(0.75)


def test_order_leaves_out_the_query_and_what_was_not_found() -> None:
    relevant = np.array([True, False, True, True])
    scores = np.array([0.1, 0.5, np.nan, 0.5])
    assert ranked(scores, relevant).tolist() == [False, True, True]
    assert ranked(scores, relevant, query=1).tolist() == [True, True]
