"""Figures on queries that were held out."""

from __future__ import annotations

import numpy as np
import pytest

from search.weights.learning import LabelledQuery, LabelledQuerySet, validate
from search.weights.learning.validation import LEARNED, NUM_FOLDS, assign_folds

NAMES = ["color", "deep"]
RANKINGS = {"default": np.array([0.5, 0.5]), "equal": np.array([0.5, 0.5])}


def ask(rng: np.random.Generator, useful: list[float], group: str) -> LabelledQuery:
    rarities = rng.random((2, 15)) * 0.7
    rarities[:, 0] += np.array(useful)
    return LabelledQuery(np.clip(rarities, 0, 1), np.arange(15) == 0, group)


def test_it_works(rng: np.random.Generator) -> None:
    queries = LabelledQuerySet([ask(rng, [0.0, 0.5], f"{number % 10}") for number in range(40)])
    told: list[tuple[int, int]] = []
    report = validate({"set": queries}, NAMES, RANKINGS, "default", 1, lambda *done: told.append(done))["set"]
    assert (report.num_queries, report.num_groups, report.best_single) == (40, 10, "deep")
    assert list(report.standings) == [LEARNED, "default", "equal", "color", "deep"]
    standings = report.standings
    assert standings["deep"].map == pytest.approx(float(queries.average_precisions(np.array([0.0, 1.0])).mean()))
    assert standings[LEARNED].map > standings["default"].map > standings["color"].map
    assert report.gain == pytest.approx(standings[LEARNED].map - standings["default"].map)
    assert 0 < report.gain_error < report.gain
    assert told == [(fold + 1, NUM_FOLDS) for fold in range(NUM_FOLDS)]


def test_what_is_learned_knows_nothing_of_what_is_held_out(rng: np.random.Generator) -> None:
    """Each group needs another method: whoever peeked would do well, who learns from the other group does badly."""
    asked = [ask(rng, [0.6, -0.3] if number % 2 else [-0.3, 0.6], f"{number % 2}") for number in range(60)]
    report = validate({"set": LabelledQuerySet(asked)}, NAMES, RANKINGS, "default", 1)["set"]
    assert report.standings[LEARNED].map < report.standings["default"].map
    assert report.gain < 0


def test_sets_are_learned_from_together_and_reported_apart(rng: np.random.Generator) -> None:
    sets = {
        "one": LabelledQuerySet([ask(rng, [0.4, 0.2], f"{number}") for number in range(20)]),
        "other": LabelledQuerySet([ask(rng, [0.2, 0.4], f"{number % 3}") for number in range(12)]),
    }
    reports = validate(sets, NAMES, RANKINGS, "default", 1)
    assert {name: (report.num_queries, report.num_groups) for name, report in reports.items()} == {
        "one": (20, 20),
        "other": (12, 3),
    }
    assert reports["one"].best_single == "color"
    assert reports["other"].best_single == "deep"


def test_questions_of_one_group_cannot_be_held_out(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="two groups"):
        validate({"set": LabelledQuerySet([ask(rng, [0.1, 0.2], "only")])}, NAMES, RANKINGS, "default", 1)


def test_groups_stay_together_and_folds_are_of_one_size() -> None:
    groups = np.array([f"{number % 13}" for number in range(100)])
    folds = assign_folds(groups, 2)
    assert all(len(np.unique(folds[groups == group])) == 1 for group in np.unique(groups))
    sizes = [len(np.unique(groups[folds == fold])) for fold in range(NUM_FOLDS)]
    assert max(sizes) - min(sizes) <= 1
    assert assign_folds(groups, 2).tolist() == folds.tolist()
    assert assign_folds(np.array(["a", "b", "a"]), 2).max() == 1
