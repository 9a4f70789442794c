"""Figures of several rankings, added up query by query."""

from __future__ import annotations

import numpy as np

from search.evaluation.tally import Tally, by_part
from search.evaluation.thresholds import LEAST_RIGHT

COLOR, FUSED = ("methods", "color"), ("fused", "default")


def test_it_works() -> None:
    tally = Tally()
    relevant = np.array([True, True, False, False])
    tally.add({COLOR: np.array([1.0, 0.2, 0.9, 0.1]), FUSED: np.array([1.0, 0.9, 0.2, 0.1])}, relevant, query=0)
    figures = tally.figures()
    assert tally.num_queries == 1
    assert (figures["methods"]["color"]["map"], figures["fused"]["default"]["map"]) == (0.5, 1)
    assert (figures["methods"]["color"]["pair_auc"], figures["fused"]["default"]["pair_auc"]) == (0.5, 1)
    assert tally.curves(of_pairs=False)["fused"]["default"] == [1.0] * 101
    assert tally.curves(of_pairs=True)["methods"]["color"] == [0.5] * 101


def test_the_query_is_no_pair_of_itself() -> None:
    tally = Tally()
    scores = np.array([0.9, 0.5, 0.7])
    tally.add({COLOR: scores}, np.array([True, True, False]), query=0)
    advice = tally.thresholds()["methods"]["color"]["best_f1"]
    assert (advice["threshold"], advice["precision"], advice["recall"]) == (0.5, 0.5, 1)


def test_what_is_out_of_reach_is_not_advised() -> None:
    tally = Tally()
    same = np.arange(40) < 2 * LEAST_RIGHT
    tally.add({COLOR: np.where(same, 0.5, 0.6)}, same)
    advice = tally.thresholds()["methods"]["color"]
    assert advice["precision_95"] is None
    assert advice["best_f1"]["threshold"] == 0.5


def test_methods_come_in_the_order_of_the_registry() -> None:
    found = by_part({("methods", "ssim"): 1, ("methods", "color"): 2, ("fused", "equal"): 3, ("fused", "default"): 4})
    assert list(found) == ["methods", "fused", "reference"]
    assert list(found["methods"]) == ["color", "ssim"]
    assert list(found["fused"]) == ["equal", "default"]
