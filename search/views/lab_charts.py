"""Curves as paths on a square of 100 by 100 units, which the page stretches to the width that there is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma

from search.methods import METHODS
from search.views.lab_words import RankingLook, in_reading_order, look_of
from search.wording import number

SIDE = 100
CURVE_PARTS = {"methods": None, "fused": ("default", "equal", "learned"), "reference": None}
"""What is drawn: presets would hide the rest."""
TABLE_LEVELS = (0, 10, 25, 50, 75, 90, 100)
"""Levels of recall, in percent, that the table twin of a curve tells."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart, and the row of its table twin."""

    look: RankingLook
    path: str
    numbers: list[str]
    dots: str = ""  # a path of points, each a line of no length


@dataclass(frozen=True, slots=True)
class Chart:
    """Several lines over the same axes."""

    curves: list[Curve]
    x_ticks: list[str]
    y_ticks: list[str]
    columns: list[str]  # of the table twin


def precision_chart(document: dict[str, Any]) -> Chart:
    """Draw precision over recall."""
    curves = []
    for part, names in CURVE_PARTS.items():
        for name, levels in in_reading_order(document.get("curves", {}).get(part, {})).items():
            if names is None or name in names:
                points = [(SIDE * place / (len(levels) - 1), SIDE * (1 - level)) for place, level in enumerate(levels)]
                numbers = [_fraction(levels[round(level * (len(levels) - 1) / 100)]) for level in TABLE_LEVELS]
                curves.append(Curve(look_of(part, name), _path(points), numbers))
    ticks = [f"{level} %" for level in (0, 25, 50, 75, 100)]
    return Chart(curves, ticks, ticks[::-1], [f"{level} %" for level in TABLE_LEVELS])


def reliability_chart(document: dict[str, Any]) -> Chart:
    """Draw what was seen over what was claimed, both in decades: one pair in 1, 10, 100 and so on."""
    documents = in_reading_order(document.get("reliability", {}))
    found = {name: each for name, each in documents.items() if each["claimed"]}
    levels = sorted({level for each in found.values() for level in each["levels"]})
    most = max(1, math.ceil(max((max(each["claimed"]) for each in found.values()), default=1)))
    curves = []
    for name, each in found.items():
        pairs = list(zip(each["claimed"], each["observed"], strict=True))
        # Levels that share a place become one dot.
        points = list(dict.fromkeys((SIDE * said / most, SIDE * (1 - min(seen, most) / most)) for said, seen in pairs))
        known = {
            level: f"{_one_in(said)} → {_one_in(seen)}"
            for level, (said, seen) in zip(each["levels"], pairs, strict=True)
        }
        row = [known.get(level, "–") for level in levels]
        curves.append(Curve(look_of("methods", name), _path(points), row, _dots(points)))
    ticks = [_one_in(decade) for decade in range(most + 1)]
    return Chart(curves, ticks, ticks[::-1], [_one_in(level) for level in levels])


def trend_chart(runs: Sequence[tuple[str, dict[str, float]]]) -> Chart:
    """Draw one figure of several rankings over measurements: (when, {ranking's key: figure}), oldest first."""
    seen = dict.fromkeys(name for _when, figures in runs for name in figures)
    registered = [f"methods-{name}" for name in METHODS]
    names = [name for name in registered if name in seen] + [name for name in seen if name not in registered]
    curves = []
    for name in names:
        part, _dash, ranking = name.partition("-")
        known = [(place, figures[name]) for place, (_when, figures) in enumerate(runs) if name in figures]
        points = [(SIDE * place / max(len(runs) - 1, 1), SIDE * (1 - value)) for place, value in known]
        numbers = {place: _fraction(value) for place, value in known}
        row = [numbers.get(place, "–") for place in range(len(runs))]
        curves.append(Curve(look_of(part, ranking), _path(points), row, _dots(points)))
    times = [when for when, _figures in runs]
    ticks = [number(level, 2) for level in (1.0, 0.75, 0.5, 0.25, 0.0)]
    return Chart(curves, [times[0], times[-1]] if times else [], ticks, times)


def _path(points: Iterable[tuple[float, float]]) -> str:
    """Return a line through points; those in the middle of a straight stretch are left out."""
    kept: list[tuple[float, float]] = []
    for point in points:
        # Most points of a curve lie on straight stretches, and every chart is sent with its page.
        if len(kept) > 1 and _straight(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return "M" + "L".join(f"{x:.5g} {y:.5g}" for x, y in kept) if kept else ""


def _straight(first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]) -> bool:
    along = (middle[0] - first[0]) * (last[1] - first[1]) - (middle[1] - first[1]) * (last[0] - first[0])
    return abs(along) < 1e-6


def _dots(points: Iterable[tuple[float, float]]) -> str:
    # A line of no length with round ends is a dot of constant size, however the chart is stretched.
    return "".join(f"M{x:.5g} {y:.5g}h0" for x, y in points)


def _fraction(value: float) -> str:
    return number(value, 2)


def _one_in(decades: float) -> str:
    """Return n of "one pair in n", to two digits."""
    pairs = 10**decades
    digits = max(0, math.floor(math.log10(pairs)) - 1)
    return str(intcomma(int(round(pairs, -digits))))
