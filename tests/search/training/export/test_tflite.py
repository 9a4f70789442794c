from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import numpy as np

from search.exceptions import TrainingError
from search.methods.deep import Deep
from search.training.export.tflite import export_tflite
from tests.codes import refused


def test_it_works(tiny_network: Any, tmp_path: Path) -> None:
    path = tmp_path / "made" / "encoder.tflite"
    assert export_tflite(tiny_network, path, side=32) == path.stat().st_size
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [each.name for each in path.parent.iterdir()] == ["encoder.tflite"]
    assert Deep({"weights": path}).unavailable() is None


def test_an_earlier_file_is_replaced_by_the_same_bytes(tiny_network: Any, tiny_encoder: Path, tmp_path: Path) -> None:
    path = tmp_path / "encoder.tflite"
    path.write_bytes(b"old")
    export_tflite(tiny_network, path, side=32)
    assert path.read_bytes() == tiny_encoder.read_bytes()


def test_too_few_images_are_refused(tiny_network: Any, tmp_path: Path) -> None:
    path = tmp_path / "encoder.tflite"
    path.write_bytes(b"old")
    images = np.zeros((15, 32, 32, 3), np.uint8)
    with refused(TrainingError, "too_few_to_calibrate", least=16, num=15):
        export_tflite(tiny_network, path, "int8", side=32, images=images)
    assert path.read_bytes() == b"old"
