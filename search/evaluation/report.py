"""What one measurement found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from search.evaluation.rankings import PARTS, Field
from search.evaluation.tally import Document, Tally


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """Figures by ranking, and how they came about."""

    field: Field
    tally: Tally
    num_queries: int
    curves_of_pairs: bool  # where a query has one right answer, only all pairs together make a curve
    num_labels: int | None = None
    num_pairs: int | None = None
    num_originals: int | None = None  # images that were edited
    edits: Document | None = None  # of each ranking: edit -> figures
    left_out: Sequence[str] = ()  # methods that copies could not be described by

    def as_document(self) -> dict[str, Any]:
        """Return the figures as they are kept and printed."""
        counts = {
            "images": len(self.field.image_ids),
            "labels": self.num_labels,
            "pairs": self.num_pairs,
            "originals": self.num_originals,
            "queries": self.num_queries,
        }
        found: dict[str, Any] = {name: number for name, number in counts.items() if number is not None}
        found |= self.tally.figures() if self.edits is None else _of_copies(self.tally.figures())
        found["curves"] = self.tally.curves(of_pairs=self.curves_of_pairs)
        found["curves_of"] = "pairs" if self.curves_of_pairs else "queries"
        found["thresholds"] = self.tally.thresholds()
        if self.edits is not None:
            found["edits"] = self.edits
            found["left_out"] = list(self.left_out)
        return found


def _of_copies(figures: Document) -> Document:
    """Name the figures as copy detection does: a query has one answer, so that it comes first is called recall@1."""
    names = {"map": "map", "p_at_1": "recall_at_1", "recall_at_10": "recall_at_10"}
    names |= {name: name for name in ("pair_ap", "pair_auc")}
    return {
        part: {name: {new: each[old] for old, new in names.items()} for name, each in named.items()}
        for part, named in figures.items()
    }


def main_figure(document: dict[str, Any]) -> str:
    """Return the name of the figure by which measurements of this kind are compared at a glance."""
    if "edits" in document:
        return "recall_at_1"
    rankings = [figures for part in PARTS for figures in document.get(part, {}).values()]
    return "map" if any("map" in figures for figures in rankings) else "pair_ap"


def summary(document: dict[str, Any]) -> dict[str, Any]:
    """Return what a list of measurements shows of one, without reading all of it: one figure of each ranking."""
    figure = main_figure(document)
    counts: dict[str, Any] = {name: document[name] for name in ("images", "queries") if name in document}
    figures = {
        part: {name: each[figure] for name, each in document.get(part, {}).items() if figure in each} for part in PARTS
    }
    return {"figure": figure, **counts, **figures}
