"""What an exported image encoder wants of pixels, as the JSON beside it says.

Three kinds are read: our own, `preprocess_cfg.json` of OpenCLIP (Immich keeps it in `visual/`), and
`preprocessor_config.json` of Hugging Face, which may lie one folder up. A file named like the model comes first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from search.exceptions import WeightsError

Layout = Literal["nchw", "nhwc"]
NAMES = ("preprocess_cfg.json", "preprocessor_config.json")
MAX_SIDE = 2048
_SPELLINGS = {"size": ("size", "crop_size"), "mean": ("mean", "image_mean"), "std": ("std", "image_std")}
_MAX_JSON_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Pixels:
    """How pixels of 0..255 become a network's input: (pixels * scale - mean) / std."""

    size: tuple[int, int]  # (height, width)
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    scale: float
    layout: Layout | None  # None: as the network's input says
    output: str = ""  # which output is the image's row, where there are several

    def prepare(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Prepare pictures; from (n, height, width, 3), RGB, to the same shape."""
        numbers = images.astype(np.float32) * np.float32(self.scale)
        return np.asarray((numbers - np.array(self.mean, np.float32)) / np.array(self.std, np.float32), np.float32)


def read_pixels(model: Path) -> Pixels:
    """Return what the JSON beside a model says.

    Raises
    ------
    WeightsError : `onnx_pixels_unknown`: no such file; `onnx_pixels_wrong`: damaged, or not what is expected
    """
    path = next((path for path in _places(model) if path.is_file()), None)
    if path is None:
        raise WeightsError("onnx_pixels_unknown", model=model, expected=model.with_suffix(".json").name)
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise ValueError(f"longer than {_MAX_JSON_BYTES} bytes")
        told = json.loads(path.read_bytes())
        if not isinstance(told, dict):
            raise TypeError("expected an object")
        return _pixels(told)
    except (OSError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise WeightsError("onnx_pixels_wrong", path=path, cause=str(error)) from error


def _places(model: Path) -> Iterator[Path]:
    yield model.with_suffix(".json")
    for folder in (model.parent, model.parent.parent):
        yield from (folder / name for name in NAMES)


def _pixels(told: Mapping[str, Any]) -> Pixels:
    mean, std = (_three(_find(told, name), name) for name in ("mean", "std"))
    if told.get("do_normalize") is False:
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if min(std) <= 0:
        raise ValueError(f"std: expected numbers above 0, got {std}")
    scale = float(told.get("rescale_factor", told.get("scale", 1 / 255)))
    layout = told.get("layout")
    if layout not in (None, "nchw", "nhwc"):
        raise ValueError(f"layout: expected nchw or nhwc, got {layout!r}")
    if not 0 < scale <= 1:
        raise ValueError(f"scale: expected a number above 0, at most 1, got {scale}")
    scale = 1.0 if told.get("do_rescale") is False else scale
    return Pixels(_size(told), mean, std, scale, layout, str(told.get("output", "")))


def _find(told: Mapping[str, Any], name: str) -> Any:
    found = next((told[each] for each in _SPELLINGS[name] if told.get(each) is not None), None)
    if found is None and told.get("do_normalize") is not False:
        raise KeyError(f"{name} is missing")
    return found if found is not None else 0.5


def _three(value: Any, name: str) -> tuple[float, float, float]:
    numbers = [float(each) for each in (value if isinstance(value, list) else [value] * 3)]
    if len(numbers) != 3 or not np.isfinite(numbers).all():
        raise ValueError(f"{name}: expected three numbers, got {value}")
    return numbers[0], numbers[1], numbers[2]


def _size(told: Mapping[str, Any]) -> tuple[int, int]:
    """Return (height, width); what is cropped after resizing counts."""
    value = told.get("crop_size") if told.get("do_center_crop", True) and told.get("crop_size") else told.get("size")
    if isinstance(value, Mapping):
        edge = value.get("shortest_edge")
        sides = [value.get("height", edge), value.get("width", edge)]
    else:
        sides = value if isinstance(value, list) else [value, value]
    if len(sides) != 2 or not all(isinstance(side, int) and 0 < side <= MAX_SIDE for side in sides):
        raise ValueError(f"size: expected height and width up to {MAX_SIDE}, got {value}")
    return sides[0], sides[1]
