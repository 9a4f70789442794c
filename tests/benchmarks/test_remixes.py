"""The benchmark of remixes does what it says, on a few small pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image as Picture

from benchmarks import remixes
from search.evaluation.remixes import REMIXES
from tests.search.methods.keypoints.conftest import make_scene


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Six pictures, three that are only among them, and an empty folder."""
    found = [tmp_path / name for name in ("images", "others", "kept")]
    for folder in found:
        folder.mkdir()
    for seed in range(9):
        Picture.fromarray(make_scene(seed)).save(found[seed // 6] / f"{seed}.png")
    return found[0], found[1], found[2]


def test_it_works(folders: tuple[Path, Path, Path]) -> None:
    images, others, kept = folders
    found = remixes.measure(images, others, 1, "compact", kept)
    assert (found["rows"], found["distractors"], found["queries"]) == (6, 3, 1)
    assert set(found["recall"]["proof"]) == set(REMIXES)
    assert found["mean"]["proof"]["at_1"] >= found["mean"]["score"]["at_1"]
    assert found["recall"]["proof"]["negative"] == {"at_1": 1, "at_10": 1}
    before = {path.name: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert remixes.measure(images, others, 1, "compact", kept)["recall"] == found["recall"]
    assert {path.name: path.stat().st_mtime_ns for path in kept.iterdir()} == before
