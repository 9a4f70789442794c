"""What may stand in the URL of a search."""

from __future__ import annotations

import pytest

from search.forms import SearchForm, weight_field
from search.scoring.presets import PRESETS

pytestmark = pytest.mark.django_db


def make_form(**data: object) -> SearchForm:
    form = SearchForm({name: str(value) for name, value in data.items()})
    form.is_valid()
    return form


def test_it_works() -> None:
    form = make_form(image=7, w_color=1, w_deep=0.25, min=40, k=120)
    assert form.problems() == []
    assert form.cleaned_data["image"] == 7
    assert form.weights() == PRESETS["general"].full_weights() | {"color": 1.0, "deep": 0.25}


def test_a_preset_sets_the_weights_that_are_not_given() -> None:
    weights = make_form(preset="medical", w_color=0.1).weights()
    assert weights == PRESETS["medical"].full_weights() | {"color": 0.1}


def test_nothing_given_means_the_default_weights() -> None:
    assert make_form(image=1).weights() == PRESETS["general"].full_weights()


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ({weight_field("color"): 7}, "Color"),
        ({weight_field("deep"): "nan"}, "Content"),
        ({weight_field("deep"): "many"}, "Content"),
        ({"min": -3}, "Score at least"),
        ({"max": 101}, "Score at most"),
        ({"k": 100_000}, "Results"),
        ({"collection": 99}, "Collection"),
        ({"query": "no-uuid"}, "query"),
        ({"image": "first"}, "image"),
        ({"preset": "magic"}, "preset"),
    ],
)
def test_a_bad_value_is_named(data: dict[str, object], part: str) -> None:
    (problem,) = make_form(**data).problems()
    assert problem.startswith(f"{part}:")


def test_a_threshold_must_not_be_crossed() -> None:
    (problem,) = make_form(min=60, max=40).problems()
    assert "60" in problem
    assert "40" in problem
