"""Layers found without gradients, on hand-made rows."""

from __future__ import annotations

import numpy as np
import pytest

from search.training.projection import discriminant, principal, rotation


def test_it_works(rng: np.random.Generator) -> None:
    """What pairs differ by counts for little, what they share for much."""
    things = 4 * rng.normal(size=(60, 2)).repeat(2, axis=0)
    noise = rng.normal(size=(120, 3))
    inputs = np.hstack([things, noise])
    first, second = np.arange(0, 120, 2), np.arange(1, 120, 2)
    weights, bias = discriminant(inputs, first, second, bits=2, seed=1)
    assert (weights.dtype, weights.shape, bias.shape) == (np.float32, (5, 2), (2,))
    outputs = inputs @ weights + bias
    np.testing.assert_allclose(outputs.mean(axis=0), 0, atol=1e-5)
    assert (outputs**2).sum(axis=1).mean() == pytest.approx(1, abs=1e-5)
    strength = np.linalg.norm(weights, axis=1)
    assert strength[:2].min() > 3 * strength[2:].max()


def test_more_outputs_than_inputs_are_filled(rng: np.random.Generator) -> None:
    inputs = rng.normal(size=(40, 3))
    weights, _bias = discriminant(inputs, np.arange(20), np.arange(20, 40), bits=16, seed=1)
    assert np.linalg.matrix_rank(weights) == 3


def test_inputs_that_do_not_differ_give_numbers() -> None:
    weights, bias = discriminant(np.ones((4, 3)), np.array([0]), np.array([1]), bits=8, seed=1)
    assert np.isfinite(weights).all()
    assert np.isfinite(bias).all()


def test_principal_keeps_distances(rng: np.random.Generator) -> None:
    inputs = rng.normal(size=(30, 3)) @ rng.normal(size=(3, 50)) + 7
    weights, bias = principal(inputs, bits=8, seed=1)
    outputs = inputs @ weights + bias
    ratios = np.linalg.norm(outputs[1:] - outputs[0], axis=1) / np.linalg.norm(inputs[1:] - inputs[0], axis=1)
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-4)


def test_a_rotation_turns_rows_towards_their_signs(rng: np.random.Generator) -> None:
    hidden = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    rows = np.where(rng.random((300, 8)) > 0.5, 1, -1) / 8**0.5 @ hidden
    turn = rotation(rows, seed=2)
    np.testing.assert_allclose(turn @ turn.T, np.eye(8), atol=1e-9)
    turned = rows @ turn
    assert np.abs(np.abs(turned) * 8**0.5 - 1).mean() < 0.7 * np.abs(np.abs(rows) * 8**0.5 - 1).mean()
