"""What the page of weights shows of learned weights; figures written out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from search.models import WeightAdoption, WeightSet
from search.scoring.fusion import DEFAULT_WEIGHTS
from search.views.background import Phase
from search.views.weight_tables import (
    WeightCell,
    decision_words,
    figure_rows,
    is_default,
    outdated_methods,
    phase_of,
    set_heads,
    source_label,
)
from search.weights import learning_job


def figures(gain: float = 0.05, error: float = 0.01) -> dict[str, Any]:
    rankings = {
        "color": {"map": 0.5, "p_at_1": 0.4},
        "default": {"map": 0.7, "p_at_1": 0.9},
        "learned": {"map": 0.75, "p_at_1": 0.9},
        "in_use": {"map": 0.7, "p_at_1": 0.8},
    }
    about = {"questions": 40, "groups": 8, "gain": gain, "gain_error": error}
    return {"sets": {"labels": about | {"rankings": rankings}, "strong_copies": about | {"rankings": rankings}}}


def test_rows_begin_with_what_was_learned_and_end_with_each_method_alone() -> None:
    rows = figure_rows(figures())
    assert [row.look.key for row in rows] == ["fused-learned", "fused-in_use", "fused-default", "methods-color"]
    learned, _in_use, default, color = rows
    one_set = [WeightCell("0.750", 75.0, True), WeightCell("0.900", 90.0, True)]
    assert learned.cells == one_set * 2
    assert [cell.best for cell in default.cells] == [False, True] * 2  # as good as the learned ones at P@1
    assert [cell.best for cell in color.cells] == [False] * 4


def test_heads_name_the_sets() -> None:
    labels, copies = set_heads(figures())
    assert (labels.label, labels.queries, labels.groups) == ("Labels", 40, 8)
    assert copies.label != labels.label


@pytest.mark.parametrize(
    ("gain", "error", "better", "words"),
    [
        (0.05, 0.01, True, "better than the weights in use then (mAP +0.050 ± 0.010)"),
        (-0.05, 0.01, False, "worse than the weights in use then (mAP −0.050 ± 0.010)"),
        (0.02, 0.01, None, "as good as the weights in use then (mAP +0.020 ± 0.010)"),  # two errors: chance
        (-0.02, 0.01, None, "as good as the weights in use then (mAP −0.020 ± 0.010)"),
        (0.0, 0.0, None, "as good as the weights in use then (mAP +0.000 ± 0.000)"),
    ],
)
def test_a_gain_counts_beyond_two_errors(gain: float, error: float, better: bool | None, words: str) -> None:
    head = set_heads(figures(gain, error))[0]
    assert (head.better, head.sentence) == (better, words)


def test_methods_that_changed_since_are_named() -> None:
    learned = WeightSet(versions={"color": "1", "deep": "1", "gone": "1", "ssim": "1"})
    assert outdated_methods(learned, {"color": "2", "deep": "1", "gone": "2"}) == ["Color"]


def test_how_far_the_learning_is() -> None:
    row = WeightSet(phase="folds", num_done=2, num_total=5)
    assert phase_of(row) == Phase("Learning, with some queries held out", 2, 5)
    assert phase_of(WeightSet(phase="dreaming", num_total=1)) == Phase("dreaming", 0, 1)
    assert phase_of(WeightSet()) is None


def test_sources_and_decisions_in_words() -> None:
    learned = WeightSet(source=learning_job.SEPARATOR.join(("labels", "copies")))
    assert source_label(learned.source) == "Labels, Edited copies"
    assert source_label("dreams") == "dreams"
    assert decision_words(WeightAdoption(weight_set=learned)) == "Learned from: Labels, Edited copies"
    assert decision_words(WeightAdoption()) == decision_words(None) != ""


def test_what_the_methods_come_with_is_told_from_anything_else() -> None:
    assert is_default(DEFAULT_WEIGHTS)
    assert is_default(dict(reversed(DEFAULT_WEIGHTS.items())))
    assert not is_default(DEFAULT_WEIGHTS | {"color": 0.9})
    assert not is_default({})
