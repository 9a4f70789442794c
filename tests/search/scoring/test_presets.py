"""Presets of fusion weights."""

from __future__ import annotations

import pytest

from search.methods import METHODS
from search.scoring.presets import DEFAULT_PRESET, PRESETS, preset_of, presets_with


def test_the_default_preset_holds_the_default_weights() -> None:
    weights = PRESETS[DEFAULT_PRESET].full_weights()
    assert weights == {name: entry.default_weight for name, entry in METHODS.items()}
    assert (weights["color"], weights["deep"]) == (0.05, 0.5)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_usable(name: str) -> None:
    preset = PRESETS[name]
    assert set(preset.weights) <= set(METHODS)
    assert sum(preset.full_weights().values()) == pytest.approx(1)
    assert list(preset.full_weights()) == list(METHODS)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_holds_a_method_that_needs_no_network(name: str) -> None:
    """So that it says something on every machine."""
    assert PRESETS[name].weights.keys() & {"color", "ssim", "local"}


def test_a_preset_is_recognised_by_its_weights() -> None:
    assert all(preset_of(preset.full_weights()) == name for name, preset in PRESETS.items())


def test_other_weights_are_no_preset() -> None:
    assert preset_of({"color": 0.31, "ssim": 0.2, "deep": 0.5}) is None


def test_the_general_preset_is_the_sites() -> None:
    presets = presets_with({"color": 0.9, "deep": 0.1})
    assert presets[DEFAULT_PRESET].full_weights()["color"] == 0.9
    assert presets[DEFAULT_PRESET].description != PRESETS[DEFAULT_PRESET].description
    assert preset_of({"color": 0.9, "deep": 0.1}, presets) == DEFAULT_PRESET
    assert {name: preset for name, preset in presets.items() if name != DEFAULT_PRESET} == {
        name: preset for name, preset in PRESETS.items() if name != DEFAULT_PRESET
    }
    assert presets_with(PRESETS[DEFAULT_PRESET].full_weights()) == PRESETS
