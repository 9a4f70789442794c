"""The arithmetic of benchmarks/encoder.py; what it measures is tested elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.encoder import load_photographs, precisions, split


def test_it_works() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1], [0.6, 0.8]], np.float32)
    labels = np.array(["a", "a", "b", "a"])
    # Of the first: a, a, b. Of the second: a, a, b. Of the third nothing. Of the fourth: a, b, a.
    found = precisions(vectors, labels)
    assert found.tolist() == pytest.approx([1, 1, 0, (1 + 2 / 3) / 2])
    groups = {"all": labels != "", "unseen": labels == "b", "never": labels == "none", "seen": labels == "a"}
    assert split(found, groups) == {"all": 0.7083, "unseen": 0.0, "seen": 0.9444}


def test_photographs_take_the_names_of_their_folders(tmp_path: Path) -> None:
    for name in ("b/one.png", "a/two.png", "a/notes.txt", "top.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (3, 2)).save(tmp_path / name, "PNG")
    images, labels = load_photographs(tmp_path)
    assert [image.shape for image in images] == [(2, 3, 3)] * 2
    assert labels.tolist() == ["a", "b"]
