"""A well-known set is described, searched and measured by the program's own methods."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from benchmarks import published
from benchmarks.known_sets.known_set import Question
from benchmarks.known_sets.layouts import read_set
from tests.search.methods.keypoints.conftest import make_scene


@pytest.fixture
def holidays(tmp_path: Path) -> Path:
    """Three scenes, each twice: as it is and darker."""
    for scene in range(3):
        pixels = make_scene(scene)
        for place, shown in enumerate((pixels, (pixels * 0.8).astype(np.uint8))):
            Picture.fromarray(shown).save(tmp_path / f"{100 * (1000 + scene) + place}.png")
    return tmp_path


@pytest.fixture
def copydays(tmp_path: Path) -> Path:
    """Three originals and a part of the second."""
    for name in ("original", "strong"):
        (tmp_path / name).mkdir()
    for scene in range(3):
        Picture.fromarray(make_scene(scene)).save(tmp_path / "original" / f"{200000 + 100 * scene}.png")
    part = make_scene(1)[20:, 20:]
    Picture.fromarray(np.ascontiguousarray(part)).save(tmp_path / "strong" / "200101.png")
    return tmp_path


def test_pictures_that_ask_are_among_those_searched(holidays: Path) -> None:
    runs = {run["ranking"]: run for run in published.measure(read_set(holidays), 10)}
    assert {"color", "ssim", "local", "default", "proven"} <= runs.keys()
    assert runs["local"] == {"ranking": "local", "trapezoid mAP": 1, "recall@1": 1}
    assert runs["proven"]["recall@1"] == 1


def test_copies_are_described_as_uploads_and_searched_among_originals(copydays: Path) -> None:
    runs = {run["ranking"]: run for run in published.measure(read_set(copydays), 10)}
    assert runs["local"]["recall@1"] == 1
    assert runs["default"]["trapezoid mAP"] == 1


def test_the_same_questions_are_drawn() -> None:
    questions = [Question(number, frozenset({0}), frozenset()) for number in range(30)]
    drawn = [each.picture for each in published.draw(questions, 8)]
    assert len(set(drawn)) == 8
    assert drawn == [each.picture for each in published.draw(questions, 8)]
    assert list(published.draw(questions, 30)) == questions


def test_a_folder_in_no_layout_ends_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["published.py", str(tmp_path)])
    with pytest.raises(SystemExit, match="none of the sets known here: wang, caltech101"):
        published.main()


def test_published_figures_stand_beside_ours(capsys: pytest.CaptureFixture[str]) -> None:
    figure = {"system": "Jabeen et al.", "measure": "P@20", "value": 0.86, "source": "PLOS ONE"}
    document = {"data": "Wang", "measures": ["P@20"], "runs": [{"ranking": "default", "P@20": 0.95}]}
    published.show(json.loads(json.dumps(document | {"published": [figure]})))
    told = capsys.readouterr().out
    assert "P@20 0.9500" in told
    assert "P@20 0.860" in told
    published.show(document | {"published": []})
    assert "0.860" not in capsys.readouterr().out
