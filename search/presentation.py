"""How methods and mixes of weights are named and drawn, on whatever page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from search.methods import METHODS

GRAY = "#8a8a8a"
"""The color of methods that this program no longer knows; readable on light and dark."""


@dataclass(frozen=True, slots=True)
class MethodLook:
    """How a method is named and drawn everywhere."""

    name: str
    label: str
    description: str
    color: str


@dataclass(frozen=True, slots=True)
class BarSegment:
    """One rectangle of a stacked bar, in hundredths of the bar's length."""

    look: MethodLook
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Part:
    """One method's part of a set of weights."""

    look: MethodLook
    percent: int


@dataclass(frozen=True, slots=True)
class Mix:
    """A set of weights as parts of 100 and as a bar."""

    parts: list[Part]
    segments: list[BarSegment]


def method_looks() -> dict[str, MethodLook]:
    """Return every registered method's label, description and color, in the order of the registry."""
    return {
        name: MethodLook(name, _(entry.label), _(entry.description), entry.color) for name, entry in METHODS.items()
    }


def stacked(parts: Mapping[str, float], looks: Mapping[str, MethodLook]) -> list[BarSegment]:
    """Lay parts (0..1, in all at most 1) end to end."""
    segments, x = [], 0.0
    for name, part in parts.items():
        if part > 0:
            # Rounded for the page, while the sum goes on unrounded, or errors would add up to a gap.
            segments.append(BarSegment(looks[name], round(x, 3), round(100 * part, 3)))
            x += 100 * part
    return segments


def make_mix(weights: Mapping[str, float]) -> Mix:
    """Return how much each method counts; methods that count for nothing are left out."""
    total = sum(weights.values())
    shares = {name: weight / total for name, weight in weights.items() if weight > 0}
    looks = method_looks()
    known = {name: looks.get(name, MethodLook(name, name, "", GRAY)) for name in shares}
    parts = [Part(known[name], round(100 * share)) for name, share in shares.items()]
    return Mix(parts, stacked(shares, known))
