"""Training by contrastive loss: worked by hand, and on rows whose noise is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from search.exceptions import TrainingError
from search.methods.branches import koch
from search.training.pairs import draw_views
from search.training.projection import discriminant
from search.training.siamese import HEAD_RECIPE, KOCH_RECIPE, SiameseRecipe, contrastive_loss, train_head, train_koch
from tests.codes import refused

pytestmark = pytest.mark.usefixtures("keras")


def loss_of(recipe: SiameseRecipe, same: list[int], both: list[list[float]]) -> Any:
    return np.asarray(contrastive_loss(recipe)(np.array(same, np.float32)[:, None], np.array(both, np.float32)))


def test_it_works() -> None:
    """d = 0.5: 0.25 together; (1 - 0.5)^2 = 0.25 apart; beyond the margin nothing."""
    recipe = SiameseRecipe(epochs=1, rate=1e-3, margin=1.0, quantization=0, balance=0)
    both = [[0, 0, 0.5, 0], [0, 0, 0.5, 0], [0, 0, 3, 4]]
    np.testing.assert_allclose(loss_of(recipe, [1, 0, 0], both), [0.25, 0.25, 0], atol=1e-6)


def test_codes_cost_what_numbers_lack_to_their_signs() -> None:
    recipe = SiameseRecipe(epochs=1, rate=1e-3, margin=0, quantization=2.0, balance=0)
    exact = [0.7071068, -0.7071068] * 2
    np.testing.assert_allclose(loss_of(recipe, [1, 1], [exact, [0.0] * 4]), [0, 2], atol=1e-5)


def test_bits_that_are_the_same_for_all_cost() -> None:
    recipe = SiameseRecipe(epochs=1, rate=1e-3, margin=0, quantization=0, balance=0.5)
    np.testing.assert_allclose(loss_of(recipe, [1, 1], [[1, 0, 1, 0], [1, 0, 1, 0]]), 1, atol=1e-5)
    np.testing.assert_allclose(loss_of(recipe, [1, 1], [[1, 0, 1, 0], [-1, 0, -1, 0]]), 0, atol=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_training_brings_views_together(rng: np.random.Generator) -> None:
    things = rng.normal(size=(40, 12)).repeat(4, axis=0)
    noise = np.hstack([0.1 * rng.normal(size=(160, 6)), 1.5 * rng.normal(size=(160, 6))])
    inputs = (things + noise).astype(np.float32)
    owners = np.repeat(np.arange(40), 4)
    first, second = np.arange(0, 160, 4), np.arange(1, 160, 4)
    start = discriminant(inputs, first, second, 128, seed=1)
    losses: list[float] = []
    draw = draw_views(owners, np.eye(40, dtype=bool))
    recipe = HEAD_RECIPE.with_epochs(3)
    arrays = train_head(start, inputs, draw, recipe, 1, lambda done, loss: losses.append(loss))
    assert len(losses) == 3
    assert losses[-1] < losses[0]
    assert arrays["weights"].shape == (12, 128)


def test_a_loss_that_is_no_number_is_refused() -> None:
    inputs = np.full((8, 3), np.nan, np.float32)
    start = np.ones((3, 128), np.float32), np.zeros(128, np.float32)
    draw = draw_views(np.repeat(np.arange(4), 2), np.eye(4, dtype=bool))
    with refused(TrainingError, "loss_not_finite"):
        train_head(start, inputs, draw, HEAD_RECIPE.with_epochs(1), 1, lambda done, loss: None)


@pytest.mark.slow
def test_the_textbooks_network_learns_on_any_number_of_units(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(koch, "CONVOLUTIONS", tuple((kernel, 2) for kernel, _filters in koch.CONVOLUTIONS))
    monkeypatch.setattr(koch, "UNITS", 8)
    monkeypatch.setattr(koch, "SHAPES", koch._shapes())
    pictures = rng.integers(0, 256, (8, koch.SIDE, koch.SIDE), np.uint8)
    draw = draw_views(np.repeat(np.arange(4), 2), np.eye(4, dtype=bool))
    arrays = train_koch(pictures, draw, KOCH_RECIPE.with_epochs(1), 1, lambda done, loss: None)
    assert {name: arrays[name].shape for name in koch.SHAPES} == koch.SHAPES
    outputs = koch.activations(arrays, pictures) @ arrays["weights"] + arrays["bias"]
    assert outputs.shape == (8, 128)
    np.testing.assert_allclose(outputs.mean(axis=0), 0, atol=1e-3)
