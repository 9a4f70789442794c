"""What a measurement found, as rows and columns. Documents may be older than this program: what they lack is a dash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from search.views.lab_words import FigureWords, RankingLook, edit_label, figure_words, in_reading_order, look_of
from search.wording import number

PARTS = ("methods", "fused", "reference")
HEAT_STEPS = 10
HEAT_FUSIONS = ("default", "learned", "copyright")
PERCENT = 100


@dataclass(frozen=True, slots=True)
class FigureCell:
    """One figure; the change is against the measurement beside it."""

    text: str
    percent: float  # of what could be reached at most
    best: bool  # of its column
    change: str
    better: bool | None  # None: as good, or nothing beside


@dataclass(frozen=True, slots=True)
class FigureRow:
    """The figures of one ranking."""

    look: RankingLook
    cells: list[FigureCell]


@dataclass(frozen=True, slots=True)
class HeatCell:
    """How often one ranking found the originals of one kind of copy."""

    text: str
    step: int  # 0..HEAT_STEPS


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One kind of copy."""

    label: str
    cells: list[HeatCell]


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which score on pairs may be taken, and what that brings."""

    score: str
    precision: str
    recall: str


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """What one ranking advises, in the order of `THRESHOLDS`; None: nothing."""

    look: RankingLook
    advice: list[Threshold | None]


THRESHOLDS = ("precision_95", "precision_99", "best_f1")


def figure_columns(document: dict[str, Any]) -> list[FigureWords]:
    """Return the columns that the document has figures for."""
    return [words for _name, words in _columns(document)]


def figure_rows(document: dict[str, Any], beside: dict[str, Any] | None) -> list[FigureRow]:
    """Return the figures of every ranking, with their changes against another measurement, if any."""
    columns = _columns(document)
    bests = {name: _best(document, name) for name, _words in columns}
    rows = []
    for part, ranking, figures in _rankings(document):
        before = (beside or {}).get(part, {}).get(ranking, {})
        cells = [_cell(figures.get(name), before.get(name), words, bests[name]) for name, words in columns]
        rows.append(FigureRow(look_of(part, ranking), cells))
    return rows


def heat_table(document: dict[str, Any], figure: str) -> tuple[list[RankingLook], list[HeatRow]]:
    """Return one figure by edit (rows) and ranking (columns)."""
    shown = [
        (look_of(part, name), edits)
        for part in PARTS
        for name, edits in in_reading_order(document.get("edits", {}).get(part, {})).items()
        if part != "fused" or name in HEAT_FUSIONS
    ]
    names = in_reading_order(dict.fromkeys(name for _look, edits in shown for name in edits))
    rows = [
        HeatRow(edit_label(name), [_heat(edits.get(name, {}).get(figure)) for _look, edits in shown]) for name in names
    ]
    return [look for look, _edits in shown], rows


def threshold_rows(document: dict[str, Any]) -> list[ThresholdRow]:
    """Return from which score on each ranking's pairs may be taken; fused scores as people see them, 0..100."""
    return [
        ThresholdRow(look_of(part, name), [_threshold(part, advice.get(kind)) for kind in THRESHOLDS])
        for part, name, advice in _rankings(document.get("thresholds", {}))
    ]


def index_rows(document: dict[str, Any]) -> list[tuple[RankingLook, dict[str, str]]]:
    """Return the recall and the times of the ANN index; none where search was exact."""
    found = document.get("index") or {}
    named = [("methods", name, each) for name, each in in_reading_order(found.get("methods", {})).items()]
    named += [("fused", "default", found["fused"])] if "fused" in found else []
    return [
        (
            look_of(part, name),
            {key: number(value, 3 if key == "recall" else 1) for key, value in each.items()},
        )
        for part, name, each in named
    ]


def _columns(document: dict[str, Any]) -> list[tuple[str, FigureWords]]:
    present = {name for _part, _ranking, figures in _rankings(document) for name in figures}
    return [(name, words) for name, words in figure_words().items() if name in present]


def _rankings(parts: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for part in PARTS:
        for name, found in in_reading_order(parts.get(part, {})).items():
            yield part, name, found


def _best(document: dict[str, Any], name: str) -> float:
    return max((figures[name] for _part, _ranking, figures in _rankings(document) if name in figures), default=0.0)


def _cell(value: float | None, before: float | None, words: FigureWords, best: float) -> FigureCell:
    if value is None:
        return FigureCell("–", 0, False, "", None)
    change, better = "", None
    if before is not None:
        # Of the numbers as they are shown: a change that nobody can see in them would look like an error.
        moved = round(value, 3) - round(before, 3)
        change = f"{moved:+.3f}".replace("-", "−") if abs(moved) >= 5e-4 else _("same")
        better = None if abs(moved) < 5e-4 else moved > 0
    return FigureCell(number(value, 3), round(PERCENT * value / words.best, 1), value >= best, change, better)


def _heat(value: float | None) -> HeatCell:
    if value is None:
        return HeatCell("–", 0)
    return HeatCell(number(value, 2), round(HEAT_STEPS * value))


def _threshold(part: str, advice: dict[str, float] | None) -> Threshold | None:
    if not advice:
        return None
    scale, digits = (PERCENT, 1) if part == "fused" else (1, 3)
    # Fused scores as the search page has them, for its threshold fields; raw ones on the method's own scale.
    score = number(scale * advice["threshold"], digits)
    return Threshold(score, _percent(advice["precision"]), _percent(advice["recall"]))


def _percent(value: float) -> str:
    return _("%(number)s %%") % {"number": number(PERCENT * value, 0 if value >= 0.1 else 1)}
