"""What a measurement found as rows and columns; documents written out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from search.views.lab_tables import (
    FigureCell,
    HeatCell,
    Threshold,
    figure_columns,
    figure_rows,
    heat_table,
    index_rows,
    threshold_rows,
)
from search.views.lab_words import figure_words

DOCUMENT: dict[str, Any] = {
    "fused": {"default": {"map": 0.75, "ns": 3.0}},
    "methods": {"deep": {"map": 0.7504, "p_at_1": 0.5}, "color": {"map": 0.25}},
    "reference": {"guide_color": {"map": 0.1}},
}


def cells(document: dict[str, Any], beside: dict[str, Any] | None = None) -> dict[str, list[FigureCell]]:
    return {row.look.key: row.cells for row in figure_rows(document, beside)}


class TestFigures:
    def test_columns_are_those_that_there_are_figures_for(self) -> None:
        assert [words.label for words in figure_columns(DOCUMENT)] == ["mAP", "P@1", "N-S"]
        assert figure_columns({}) == []

    def test_rows_stand_by_part_and_in_the_order_of_the_registry(self) -> None:
        assert list(cells(DOCUMENT)) == ["methods-color", "methods-deep", "fused-default", "reference-guide_color"]

    def test_bars_are_parts_of_what_can_be_reached(self) -> None:
        _map, _first, ns = cells(DOCUMENT)["fused-default"]
        assert (ns.text, ns.percent) == ("3.000", 75.0)  # of four
        assert cells(DOCUMENT)["methods-color"][0].percent == 25.0

    def test_what_a_ranking_lacks_is_a_dash(self) -> None:
        assert cells(DOCUMENT)["methods-color"][1:] == [FigureCell("–", 0, False, "", None)] * 2

    def test_the_best_of_each_column_is_marked(self) -> None:
        marked = {key: [cell.best for cell in row] for key, row in cells(DOCUMENT).items()}
        assert marked["methods-deep"] == [True, True, False]
        assert marked["fused-default"] == [False, False, True]

    def test_equals_are_best_together(self) -> None:
        document = {"methods": {"color": {"map": 0.5}, "deep": {"map": 0.5}}}
        assert [row[0].best for row in cells(document).values()] == [True, True]

    @pytest.mark.parametrize(
        ("before", "after", "change", "better"),
        [
            (0.5, 0.625, "+0.125", True),
            (0.625, 0.5, "−0.125", False),
            (0.5, 0.5, "same", None),
            (0.5004, 0.4996, "same", None),  # both are shown as 0.500
            (0.4994, 0.5006, "+0.002", True),  # 0.499 and 0.501
        ],
    )
    def test_changes_are_those_of_the_numbers_shown(
        self, before: float, after: float, change: str, better: bool | None
    ) -> None:
        now, then = ({"methods": {"color": {"map": value}}} for value in (after, before))
        (cell,) = cells(now, then)["methods-color"]
        assert (cell.change, cell.better) == (change, better)

    def test_what_was_not_measured_before_has_no_change(self) -> None:
        then = {"methods": {"deep": {"p_at_1": 0.25}}}
        deep = cells(DOCUMENT, then)["methods-deep"]
        assert [(cell.change, cell.better) for cell in deep] == [("", None), ("+0.250", True), ("", None)]


class TestHeat:
    EDITS = {
        "edits": {
            "methods": {"color": {"gray": {"recall_at_1": 0.04}, "blur": {"recall_at_1": 1.0}}},
            "fused": {"default": {"gray": {"recall_at_1": 0.96}}, "medical": {"gray": {"recall_at_1": 0.5}}},
        }
    }

    def test_it_works(self) -> None:
        looks, rows = heat_table(self.EDITS, "recall_at_1")
        assert [look.key for look in looks] == ["methods-color", "fused-default"]  # presets would hide the rest
        assert [row.label for row in rows] == ["Blurred", "Gray"]
        assert rows[1].cells == [HeatCell("0.04", 0), HeatCell("0.96", 10)]

    def test_an_edit_that_a_ranking_lacks_is_a_dash(self) -> None:
        _looks, rows = heat_table(self.EDITS, "recall_at_1")
        assert rows[0].cells == [HeatCell("1.00", 10), HeatCell("–", 0)]

    def test_a_figure_that_there_is_not_is_all_dashes(self) -> None:
        _looks, rows = heat_table(self.EDITS, "map")
        assert {cell.text for row in rows for cell in row.cells} == {"–"}

    def test_an_edit_that_is_no_longer_known_goes_by_its_name(self) -> None:
        document = {"edits": {"methods": {"color": {"sepia": {"map": 0.5}, "blur": {"map": 0.5}}}}}
        assert [row.label for row in heat_table(document, "map")[1]] == ["Blurred", "sepia"]

    def test_a_document_without_edits_has_no_table(self) -> None:
        assert heat_table({}, "map") == ([], [])


class TestThresholds:
    ADVICE = {"threshold": 0.61234, "precision": 0.95, "recall": 0.054}

    def test_fused_scores_are_told_as_people_see_them(self) -> None:
        document = {
            "thresholds": {
                "methods": {"color": {"precision_95": self.ADVICE, "best_f1": None}},
                "fused": {"default": {"precision_95": self.ADVICE}},
            }
        }
        color, default = threshold_rows(document)
        assert color.advice == [Threshold("0.612", "95 %", "5.4 %"), None, None]
        assert default.advice[0] == Threshold("61.2", "95 %", "5.4 %")

    def test_a_document_without_thresholds_has_no_rows(self) -> None:
        assert threshold_rows({}) == []


class TestIndex:
    def test_it_works(self) -> None:
        measured = {"recall": 0.98765, "exact_ms": 12.34, "index_ms": 1.26}
        (look, color), (_look, fused) = index_rows({"index": {"methods": {"color": measured}, "fused": measured}})
        assert look.key == "methods-color"
        assert color == {"recall": "0.988", "exact_ms": "12.3", "index_ms": "1.3"}
        assert fused == color

    @pytest.mark.parametrize("document", [{}, {"index": None}, {"index": {"methods": {}}}])
    def test_where_search_was_exact_there_are_none(self, document: dict[str, Any]) -> None:
        assert index_rows(document) == []


def test_no_column_is_without_words() -> None:
    for words in figure_words().values():
        assert words.label
        assert words.title
        assert words.best > 0
