"""Curves as paths: worked by hand."""

from __future__ import annotations

from search.evaluation import augmentations, remixes
from search.views.lab_charts import precision_chart, reliability_chart, trend_chart
from search.views.lab_words import DASHES, EDITS, REMIXES, in_reading_order, look_of


def test_precision_over_recall() -> None:
    chart = precision_chart({"curves": {"methods": {"color": [1.0, 0.5, 0.5]}, "fused": {"default": [1.0] * 3}}})
    color, default = chart.curves
    assert color.path == "M0 0L50 50L100 50"
    assert default.path == "M0 0L100 0"  # what lies on a straight line is left out
    assert chart.y_ticks[0] == "100 %"
    assert chart.columns[-1] == "100 %"
    assert color.numbers[0] == "1.00"
    assert color.numbers[-1] == "0.50"


def test_presets_are_not_drawn() -> None:
    chart = precision_chart({"curves": {"fused": {"default": [1.0, 0.0], "medical": [1.0, 0.0]}}})
    assert [curve.look.name for curve in chart.curves] == ["default"]


def test_reliability_in_decades() -> None:
    color = {"levels": [0.5, 1.0, 2.0], "claimed": [0.5, 1.0, 2.0], "observed": [0.5, 1.2, 2.4]}
    few = {"levels": [0.5, 1.0], "claimed": [1.0, 1.0], "observed": [1.0, 1.0]}  # says nothing below one in ten
    none: dict[str, list[float]] = {"levels": [], "claimed": [], "observed": []}
    chart = reliability_chart({"reliability": {"color": color, "ssim": few, "deep": none}})
    assert chart.x_ticks == ["1", "10", "100"]
    assert chart.columns == ["3", "10", "100"]
    first, second = chart.curves
    assert first.path == "M25 75L50 40L100 0"  # beyond the frame it stays at its edge
    assert first.dots == "M25 75h0M50 40h0M100 0h0"
    assert first.numbers == ["3 → 3", "10 → 16", "100 → 250"]
    assert second.dots == "M50 50h0"
    assert second.numbers == ["10 → 10", "10 → 10", "–"]


def test_nothing_is_drawn_of_nothing() -> None:
    assert precision_chart({}).curves == []
    assert reliability_chart({}).curves == []


def test_the_course_of_figures() -> None:
    chart = trend_chart(
        [("Monday", {"methods-color": 0.5}), ("Tuesday", {"methods-color": 0.25, "fused-default": 1.0})]
    )
    color, default = chart.curves
    assert color.path == "M0 50L100 75"
    assert color.numbers == ["0.50", "0.25"]
    assert default.path == "M100 0"
    assert default.numbers == ["–", "1.00"]
    assert chart.x_ticks == ["Monday", "Tuesday"]


def test_every_line_has_a_pattern() -> None:
    assert look_of("methods", "color").dashes == DASHES[0]
    assert look_of("methods", "astrology").dashes
    assert look_of("fused", "equal").dashes != look_of("fused", "default").dashes


def test_every_edit_has_words() -> None:
    assert list(EDITS) == list(augmentations.EDITS)
    assert list(REMIXES) == list(remixes.REMIXES)


def test_documents_are_read_in_one_order_whatever_the_database_made_of_them() -> None:
    sorted_by_length = {"gone": 1, "color": 2, "equal": 3, "default": 4, "learned": 5}
    assert list(in_reading_order(sorted_by_length)) == ["default", "equal", "learned", "color", "gone"]
    assert list(in_reading_order(sorted_by_length, ["learned"]))[:2] == ["learned", "default"]
    assert list(in_reading_order({"text": 1, "crop_50": 2, "crop_90": 3})) == ["crop_90", "crop_50", "text"]
