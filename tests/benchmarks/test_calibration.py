"""The arithmetic of benchmarks/calibration.py and benchmarks/background.py; what they measure is tested elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.background import knots_of, paths_of
from benchmarks.calibration import halves, medians, radiograph, seen_by_said
from search.scoring.calibration import Calibration, fit


def test_it_works() -> None:
    """Said: 1 in 10 from 0.5 on, 1 in 100 at 1. Seen: 40 of 200 pairs, and of the rarest too few to tell."""
    table = Calibration(0.0, 1.0, np.array([0.0, 1.0, 2.0]), 100)
    scores = np.repeat([0.1, 0.5, 1.0], [160, 30, 10]).astype(np.float32)
    assert seen_by_said(table.decades_of(scores)) == [pytest.approx(2), None, None, None]
    often = np.repeat([0.1, 1.0], [990, 10]).astype(np.float32)
    assert seen_by_said(table.decades_of(often))[:2] == [pytest.approx(1), pytest.approx(1)]


def test_medians_are_of_what_could_be_told() -> None:
    assert medians([[1.0, None], [3.0, None], [2.0, None]]) == [2, None]


def test_no_image_is_on_both_sides() -> None:
    ours, others = halves(10, 4, 1)
    assert len(ours) == 4
    assert sorted([*ours.tolist(), *others.tolist()]) == list(range(10))


def test_renderings_are_gray_and_dark_around() -> None:
    photograph = np.full((50, 80, 3), (200, 30, 90), np.uint8)
    rendered = radiograph(photograph, 1)
    assert rendered.shape == (224, 224, 3)
    assert (rendered == rendered[:, :, :1]).all()
    assert rendered[:20, :20].max() == 0
    assert rendered[112, 112, 0] > 40


def test_knots_say_what_the_table_says() -> None:
    table = fit(np.linspace(0, 0.9, 5000))
    knots = knots_of(table, 101)
    scores = np.linspace(-0.1, 1.1, 200)
    assert knots.decades_of(scores) == pytest.approx(table.decades_of(scores), abs=0.05)
    assert len(knots.scores) < 400
    assert (np.diff(knots.scores) > 0).all()


def test_steps_stay_upright() -> None:
    table = fit(np.repeat([0.25, 0.5, 0.75], [700, 250, 50]))
    knots = knots_of(table, 46)
    for score in (0.25, 0.5, 0.75):
        assert knots.decades_of(np.array([score])) == pytest.approx(table.decades_of(np.array([score])), abs=0.03)


def test_of_each_folder_a_few_are_taken(tmp_path: Path) -> None:
    for folder, num in (("", 3), ("a", 3), ("b", 1)):
        (tmp_path / folder).mkdir(exist_ok=True)
        for number in range(num):
            Image.new("RGB", (4, 4)).save(tmp_path / folder / f"{number}.png")
    found = [str(path.relative_to(tmp_path)) for path in paths_of([tmp_path], 2)]
    assert found == ["0.png", "1.png", "2.png", "a/0.png", "a/1.png", "b/0.png"]
