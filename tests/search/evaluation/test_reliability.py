"""Whether what is said of random pairs is what is seen."""

from __future__ import annotations

import numpy as np
import pytest

from search.evaluation.plan import MeasurementPlan
from search.evaluation.rankings import make_field
from search.evaluation.reliability import _at, measure_reliability
from search.generations.snapshot import current_snapshot
from tests.search.library import add_library


def no_report(phase: str, num_done: int, num_total: int) -> None:
    """Take no note."""


@pytest.mark.django_db
def test_it_works(rng: np.random.Generator) -> None:
    ids, _vectors = add_library(120, rng)
    told: list[tuple[str, int, int]] = []
    plan = MeasurementPlan(current_snapshot(), {}, None, 10, lambda *what: told.append(what))
    found = measure_reliability(make_field(plan.snapshot, ids), plan)
    assert set(found) == {"color", "ssim", "texture"}
    assert told == [("reliability", place, 3) for place in (1, 2, 3)]
    for each in found.values():
        assert each["pairs"] == 60 * 59 / 2
        assert each["levels"] == [0.5, 1.0, 1.5, 2.0]  # 1,770 pairs: one in a hundred is the last that ten reach
        assert each["claimed"] == pytest.approx(each["levels"], abs=0.2)
        assert each["observed"] == pytest.approx(each["claimed"], abs=0.6)


@pytest.mark.django_db
def test_few_images_say_nothing(rng: np.random.Generator) -> None:
    ids, _vectors = add_library(19, rng)
    plan = MeasurementPlan(current_snapshot(), {}, None, 10, no_report)
    assert measure_reliability(make_field(plan.snapshot, ids), plan) == {}


def test_scores_of_few_values_are_taken_at_what_they_say() -> None:
    claimed = np.repeat([0.0, 1.0, 3.0], [900, 90, 10])
    assert _at(claimed, 0.5) == (1.0, pytest.approx(1.0))
    assert _at(claimed, 1.0) == (1.0, pytest.approx(1.0))
    assert _at(claimed, 1.5) == (3.0, pytest.approx(2.0))
