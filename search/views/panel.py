"""What the panel beside the answer shows: sliders, presets, the mix of weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from search.features import registry
from search.forms import weight_field
from search.methods import WORDS
from search.presentation import BarSegment, MethodLook, method_looks, stacked
from search.scoring.presets import Preset, preset_of


@dataclass(frozen=True, slots=True)
class Slider:
    """The weight of one method."""

    look: MethodLook
    weight: float
    percent: int  # of the weights that can count on this machine
    unavailable: str  # why the method cannot be used here; empty when it can

    @property
    def field(self) -> str:
        return weight_field(self.look.name)


@dataclass(frozen=True, slots=True)
class PresetChoice:
    """A preset as one chip."""

    name: str
    label: str
    description: str
    weights: Mapping[str, float]
    active: bool
    unavailable: str  # labels of its methods that cannot be used here

    @property
    def as_json(self) -> str:
        return json.dumps(self.weights)


def make_sliders(weights: Mapping[str, float], *, words: str = "", example: bool = True) -> list[Slider]:
    """Return a slider per registered method that can matter.

    Parameters
    ----------
    weights : by method
    words : searched for; where meaning cannot be compared here they still count where images say them
    example : whether an image is searched for; words alone leave nothing else to weigh
    """
    missing = registry.unavailable_methods()
    hidden = missing.pop(WORDS, None) is not None and not words
    total = sum(weight for name, weight in weights.items() if name not in missing)

    def percent(name: str) -> int:
        # Of what can count here: a method that is not available leaves its part to the others, as in the fusion.
        return 0 if name in missing or not total else round(100 * weights[name] / total)

    looks = method_looks() if example else {WORDS: method_looks()[WORDS]}
    if hidden:
        del looks[WORDS]
    return [Slider(look, weights[name], percent(name), str(missing.get(name, ""))) for name, look in looks.items()]


def weight_mix(sliders: list[Slider]) -> list[BarSegment]:
    """Return the weights that count as one stacked bar that fills its whole length."""
    counted = {slider.look.name: slider.weight for slider in sliders if not slider.unavailable}
    total = sum(counted.values())
    return stacked({name: weight / total for name, weight in counted.items()} if total else {}, method_looks())


def preset_choices(weights: Mapping[str, float], presets: Mapping[str, Preset]) -> list[PresetChoice]:
    """Return the presets, the one with exactly these weights marked."""
    active, looks, missing = preset_of(weights, presets), method_looks(), registry.unavailable_methods()
    choices = []
    for name, preset in presets.items():
        full = preset.full_weights()
        absent = ", ".join(looks[method].label for method in full if full[method] and method in missing)
        choices.append(PresetChoice(name, _(preset.label), _(preset.description), full, name == active, absent))
    return choices
