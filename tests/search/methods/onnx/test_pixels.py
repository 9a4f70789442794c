from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.exceptions import WeightsError
from search.methods.onnx.pixels import Pixels, read_pixels
from tests.codes import refused

HALF = [0.5, 0.5, 0.5]
PLAIN = {"size": 224, "mean": HALF, "std": HALF}


def read(folder: Path, told: Any, name: str = "model.json") -> Pixels:
    (folder / name).write_text(json.dumps(told))
    return read_pixels(folder / "model.onnx")


def test_our_own(tmp_path: Path) -> None:
    told = {"size": [20, 30], "mean": [0, 0.5, 1], "std": [1, 0.5, 2], "layout": "nhwc", "output": "row"}
    found = read(tmp_path, told)
    assert found == Pixels((20, 30), (0, 0.5, 1), (1, 0.5, 2), 1 / 255, "nhwc", "row")
    white = found.prepare(np.full((1, 1, 1, 3), 255, np.uint8))
    np.testing.assert_allclose(white[0, 0, 0], [1, 1, 0], atol=1e-6)
    assert white.dtype == np.float32


def test_openclip(tmp_path: Path) -> None:
    told = {
        "size": [224, 224],
        "mode": "RGB",
        "mean": [0.48145466, 0.4578275, 0.40821073],
        "std": [0.26862954, 0.26130258, 0.27577711],
        "interpolation": "bicubic",
        "resize_mode": "shortest",
        "fill_color": 0,
    }
    found = read(tmp_path, told, "preprocess_cfg.json")
    assert (found.size, found.mean[0], found.layout) == ((224, 224), 0.48145466, None)


@pytest.mark.parametrize(
    ("told", "size", "std"),
    [
        ({"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 200}}, (224, 200), 0.5),
        (
            {"size": {"shortest_edge": 256}, "crop_size": {"height": 9, "width": 9}, "do_center_crop": False},
            (256, 256),
            0.5,
        ),
        ({"size": {"height": 384, "width": 384}}, (384, 384), 0.5),
        ({"size": 224, "do_normalize": False}, (224, 224), 1.0),
    ],
)
def test_hugging_face(tmp_path: Path, told: Any, size: tuple[int, int], std: float) -> None:
    """Where it usually lies: one folder above the model."""
    (tmp_path / "onnx").mkdir()
    about = {"image_mean": HALF, "image_std": HALF, "do_rescale": True, "rescale_factor": 1 / 255} | told
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(about))
    found = read_pixels(tmp_path / "onnx" / "model.onnx")
    assert (found.size, found.std[0], found.scale) == (size, std, 1 / 255)


def test_pixels_that_stay_as_they_are(tmp_path: Path) -> None:
    found = read(tmp_path, {"size": 8, "do_normalize": False, "do_rescale": False})
    assert found.prepare(np.full((1, 1, 1, 3), 200, np.uint8)).tolist() == [[[[200, 200, 200]]]]


def test_one_number_stands_for_three(tmp_path: Path) -> None:
    assert read(tmp_path, {"size": 8, "mean": 0.5, "std": 0.25}).std == (0.25, 0.25, 0.25)


def test_a_file_of_the_models_name_comes_first(tmp_path: Path) -> None:
    (tmp_path / "preprocess_cfg.json").write_text(json.dumps(PLAIN | {"size": 99}))
    assert read(tmp_path, PLAIN).size == (224, 224)


def test_nothing_is_said(tmp_path: Path) -> None:
    with refused(WeightsError, "onnx_pixels_unknown", expected="model.json"):
        read_pixels(tmp_path / "model.onnx")


@pytest.mark.parametrize(
    "told",
    [
        [],
        {"size": 224},
        PLAIN | {"size": None},
        PLAIN | {"size": [224]},
        PLAIN | {"size": 0},
        PLAIN | {"size": 5000},
        PLAIN | {"size": {"width": 5}},
        PLAIN | {"size": "large"},
        PLAIN | {"mean": [0.5, 0.5]},
        PLAIN | {"mean": [0.5, 0.5, float("nan")]},
        PLAIN | {"std": [0.5, 0, 0.5]},
        PLAIN | {"std": "wide"},
        PLAIN | {"layout": "hwc"},
        PLAIN | {"scale": 0},
        PLAIN | {"rescale_factor": [1]},
    ],
    ids=str,
)
def test_something_else_is_said(tmp_path: Path, told: Any) -> None:
    with refused(WeightsError, "onnx_pixels_wrong"):
        read(tmp_path, told)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b" " * 2**21])
def test_no_json(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.json").write_bytes(content)
    with refused(WeightsError, "onnx_pixels_wrong"):
        read_pixels(tmp_path / "model.onnx")
