from __future__ import annotations

import json
from typing import Any

import pytest

from search.exceptions import TrainingError
from search.training.recipe import Budget, Recipe, learning_rate, use_backend
from tests.codes import refused


def test_it_works() -> None:
    recipe = Recipe(peak_rate=1.0, warmup_steps=10)
    assert learning_rate(recipe, 5, 0.0) == pytest.approx(0.5)
    assert learning_rate(recipe, 10, 0.0) == pytest.approx(1.0)
    assert learning_rate(recipe, 500, 0.5) == pytest.approx(0.5)
    assert learning_rate(recipe, 900, 1.0) == pytest.approx(0.01)


def test_budgets() -> None:
    assert Budget(minutes=2).share(10_000, 30) == pytest.approx(0.25)
    assert Budget(steps=40).share(10, 1e9) == pytest.approx(0.25)
    assert Budget(minutes=1).share(1, 100) == 1


def test_json_holds_it() -> None:
    assert json.loads(json.dumps(Recipe().as_dict())) == Recipe().as_dict()
    assert Recipe(side=64).stored == 96
    assert Recipe(side=128).stored == 128


def test_pictures_are_small_at_first() -> None:
    """Two thirds of 96 are 64; of 128, rounded to a multiple of 16, 80; up to 64 they stay as they are."""
    recipe = Recipe(side=96, small_share=0.6)
    assert [recipe.side_at(share) for share in (0, 0.59, 0.6, 1)] == [64, 64, 96, 96]
    assert [Recipe(side=side).side_at(0) for side in (32, 64, 80, 128)] == [32, 64, 64, 80]
    assert Recipe(side=96, small_share=0).side_at(0) == 96


def test_a_backend_that_is_not_installed_is_refused() -> None:
    with refused(TrainingError, "backend_missing", backend="nowhere"):
        use_backend("nowhere")


def test_a_second_backend_is_refused(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with refused(TrainingError, "another_backend_runs", running="tensorflow", wanted="numpy"):
        use_backend("numpy")
