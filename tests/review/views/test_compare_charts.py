"""Drawings of the compare page: paths worked out by hand."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.models import Image
from review.inspection.histograms import CHANNELS
from review.views.compare_charts import (
    BOX,
    GAP,
    LEGEND_STEPS,
    draw_keypoints,
    legend,
    make_bands,
    overlap_sentence,
)


def image(width: int, height: int) -> Image:
    return Image(width=width, height=height)


def histograms(first: list[float], second: list[float], overlap: float = 0.5) -> dict[str, object]:
    num = len(CHANNELS)
    return {"first": [first] * num, "second": [second] * num, "overlaps": [overlap] * num}


class TestBands:
    def test_heights_are_square_roots_of_the_shares(self) -> None:
        """Two bins: the highest share of all, 0.64, fills the height; 0.16 reaches half of it."""
        band = make_bands(histograms([0.64, 0.16], [0.0, 0.64]))[-1]
        assert band.first == "M25.00 0.00L75.00 50.00"
        assert band.second == "M25.00 100.00L75.00 0.00"

    def test_the_area_of_the_brightness_is_drawn_first(self) -> None:
        brightness, *others = make_bands(histograms([1.0, 0.0], [0.0, 1.0]))
        assert brightness.name == "brightness"
        assert brightness.first == "M25.00 0.00L75.00 100.00L75.00 100L25.00 100Z"
        assert [band.name for band in others] == ["blue", "green", "red"]
        assert all("Z" not in band.first for band in others)

    def test_images_without_a_pixel_are_flat(self) -> None:
        assert make_bands(histograms([0.0, 0.0], [0.0, 0.0]))[-1].first == "M25.00 100.00L75.00 100.00"

    def test_overlaps_are_told_in_percent(self) -> None:
        bands = make_bands(histograms([1.0], [1.0], overlap=0.876))
        assert {band.overlap for band in bands} == {88}
        assert overlap_sentence(bands).count("88 %") == len(CHANNELS)


class TestKeypoints:
    def test_images_are_fitted_side_by_side(self) -> None:
        wide, high = draw_keypoints({}, image(960, 360), image(100, 360)).frames
        assert (wide.x, wide.y, wide.width, wide.height) == (0, 90, 480, 180)  # as wide as its room
        assert (high.x, high.y, high.width, high.height) == (BOX[0] + GAP + 190, 0, 100, 360)  # as high

    def test_lines_lead_from_the_one_to_the_other(self) -> None:
        square = image(360, 360)  # 360 wide in a room of 480: from 60 to 420, and from 564 to 924
        found = draw_keypoints({"points": [[0, 0, 1, 1]], "others": [[0.5, 0.5, 0, 0.25]]}, square, square)
        assert found.fitting == "M60.0 0.0L924.0 360.0"
        assert found.dots == "M60.0 0.0h0M924.0 360.0h0"
        assert found.others == "M240.0 180.0L564.0 90.0"
        assert (found.width, found.height) == (984, 360)

    def test_the_matched_area_lies_on_the_second_image(self) -> None:
        square = image(360, 360)
        found = draw_keypoints({"polygon": [[0, 0], [0.5, 0], [0.5, 1]]}, square, square)
        assert found.polygon == "564.0,0.0 744.0,0.0 744.0,360.0"

    def test_without_keypoints_there_are_only_the_images(self) -> None:
        found = draw_keypoints({}, image(10, 10), image(10, 10))
        assert (found.fitting, found.others, found.dots, found.polygon) == ("", "", "", "")

    @given(st.integers(0, 9000), st.integers(0, 9000), st.floats(0, 1), st.floats(0, 1))
    def test_no_place_lies_outside_of_its_room(self, width: int, height: int, x: float, y: float) -> None:
        """Also of an image whose size is not known."""
        left, right = draw_keypoints({}, image(width, height), image(width, height)).frames
        for frame, start in ((left, 0.0), (right, BOX[0] + GAP)):
            across, down = frame.place(x, y)
            assert start - 0.2 <= across <= start + BOX[0] + 0.2
            assert -0.2 <= down <= BOX[1] + 0.2


def test_the_legend_fills_its_length_with_colors_that_differ() -> None:
    steps = legend()
    assert len(steps) == LEGEND_STEPS
    assert steps[0].x == 0
    for step, following in pairwise(steps):
        assert following.x <= step.x + step.width  # no gap between two steps
    assert steps[-1].x + steps[-1].width >= 100
    assert all(re.fullmatch(r"#[0-9a-f]{6}", step.color) for step in steps)
    assert len({step.color for step in steps}) == LEGEND_STEPS


@pytest.mark.parametrize("overlap", [0.0, 0.004, 1.0])
def test_overlaps_stay_within_what_there_can_be(overlap: float) -> None:
    assert make_bands(histograms([1.0], [1.0], overlap))[0].overlap in (0, 100)
