"""A small network of the family, computed by its definition: unfolded, by windows, in NumPy alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from search.exceptions import WeightsError
from search.methods.engines.litert import load
from search.methods.model_files import ModelFile
from search.methods.pretrained.efficientnet_lite import EPSILON, Lite, fold
from search.methods.pretrained.litert_file import written
from search.methods.pretrained.packages import Package
from tests.codes import refused

Array = NDArray[np.float64]
SIDE = 33  # odd, so that padding is not the same on both sides
PACKAGE = Package("mini", "mini-model", "mini.pth", "", SIDE, (1, 2, 1, 1, 1, 1, 1))
WIDTHS, KERNELS, STRIDES = (4, 6, 6, 8, 8, 8, 10, 10), (3, 3, 3, 5, 3, 5, 5, 3), (1, 2, 1, 2, 2, 1, 2, 1)


def state() -> dict[str, NDArray[Any]]:
    """Random but fixed numbers, of the size that they have in trained networks."""
    generator = np.random.default_rng(20)
    found: dict[str, NDArray[Any]] = {}

    def convolution(name: str, norm: str, given: int, taken: int, side: int) -> None:
        found[f"{name}.weight"] = generator.normal(0, (taken * side * side) ** -0.5, (given, taken, side, side))
        found[f"{norm}.weight"], found[f"{norm}.bias"] = generator.uniform(0.5, 2, given), generator.normal(0, 1, given)
        found[f"{norm}.running_mean"] = generator.normal(0, 0.3, given)
        found[f"{norm}.running_var"] = generator.uniform(0.01, 1, given)

    convolution("_conv_stem", "_bn0", 5, 3, 3)
    taken = 5
    for number, (given, kernel) in enumerate(zip(WIDTHS, KERNELS, strict=True)):
        name, wide = f"_blocks.{number}", taken * 2 if number else taken
        if number:
            convolution(f"{name}._expand_conv", f"{name}._bn0", wide, taken, 1)
        convolution(f"{name}._depthwise_conv", f"{name}._bn1", wide, 1, kernel)
        convolution(f"{name}._project_conv", f"{name}._bn2", given, wide, 1)
        taken = given
    convolution("_conv_head", "_bn1", 1280, taken, 1)
    found["_fc.weight"], found["_fc.bias"] = generator.normal(0, 0.05, (1000, 1280)), generator.normal(0, 1, 1000)
    return found


def convolve(maps: Array, kernel: Array, stride: int) -> Array:
    """Convolve (height, width, channels) as TensorFlow pads it; a kernel that takes one channel filters each apart."""
    side, apart = kernel.shape[2], kernel.shape[1] == 1 and maps.shape[2] == kernel.shape[0]
    pads = []
    for length in maps.shape[:2]:
        missing = max((-(-length // stride) - 1) * stride + side - length, 0)
        pads.append((missing // 2, missing - missing // 2))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(maps, [*pads, (0, 0)]), (side, side), (0, 1))
    windows = windows[::stride, ::stride]
    return np.einsum("hwcij,cij->hwc" if apart else "hwcij,ocij->hwo", windows, kernel[:, 0] if apart else kernel)


def by_definition(numbers: dict[str, Any], pixels: NDArray[np.uint8]) -> tuple[Array, Array]:
    def step(maps: Array, name: str, norm: str, stride: int = 1, *, bent: bool = True) -> Array:
        maps = convolve(maps, numbers[f"{name}.weight"], stride)
        about = (numbers[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var"))
        gamma, beta, mean, variance = about
        maps = gamma * (maps - mean) / np.sqrt(variance + EPSILON) + beta
        return np.clip(maps, 0, 6) if bent else maps

    maps = step((pixels - 127.0) / 128.0, "_conv_stem", "_bn0", 2)
    for number, stride in enumerate(STRIDES):
        name, inner = f"_blocks.{number}", maps
        if number:
            inner = step(inner, f"{name}._expand_conv", f"{name}._bn0")
        inner = step(inner, f"{name}._depthwise_conv", f"{name}._bn1", stride)
        inner = step(inner, f"{name}._project_conv", f"{name}._bn2", bent=False)
        maps = maps + inner if inner.shape == maps.shape else inner
    pooled = step(maps, "_conv_head", "_bn1").mean(axis=(0, 1))
    return pooled, numbers["_fc.weight"] @ pooled + numbers["_fc.bias"]


@pytest.fixture(scope="module")
def network() -> Lite:
    return fold(state(), PACKAGE)


def test_the_file_computes_the_definition(network: Lite, tmp_path: Path) -> None:
    path = tmp_path / "mini.tflite"
    path.write_bytes(written(network, "pixels", "activations", "logits"))
    loaded = load(ModelFile(path, "", None))
    assert loaded.size == (SIDE, SIDE)
    assert loaded.dim == 1280
    assert loaded.embeds
    pixels = np.random.default_rng(1).integers(0, 256, (3, SIDE, SIDE, 3), np.uint8)
    assert loaded.classify is not None
    for picture, row, logits in zip(pixels, loaded.run(pixels), loaded.classify(pixels), strict=True):
        pooled, named = by_definition(state(), picture)
        np.testing.assert_allclose(row, pooled, atol=0.03)  # weights of 16 bits
        np.testing.assert_allclose(logits, named, atol=0.05)
        assert np.corrcoef(row, pooled)[0, 1] > 0.9999


def test_the_maps_before_they_are_averaged_can_be_had(network: Lite) -> None:
    content = written(network, "pixels", "activations", "logits", "maps")
    runner = Interpreter(model_content=content).get_signature_runner()
    found = runner(pixels=np.full((1, SIDE, SIDE, 3), 90, np.float32))
    np.testing.assert_allclose(found["maps"].mean(axis=(1, 2)), found["activations"], atol=1e-5)


def test_the_same_network_gives_the_same_bytes(network: Lite) -> None:
    names = ("pixels", "activations", "logits")
    assert written(network, *names) == written(fold(state(), PACKAGE), *names)


def test_a_step_is_folded(network: Lite) -> None:
    """Hand-worked: gamma 2, beta 1, mean 3, variance 0.999 make of k * x: 2 k * x - 5; pixels are divided by 128."""
    numbers = state() | {
        "_conv_stem.weight": np.full((5, 3, 3, 3), 64.0),
        "_bn0.weight": np.full(5, 2.0),
        "_bn0.bias": np.ones(5),
        "_bn0.running_mean": np.full(5, 3.0),
        "_bn0.running_var": np.full(5, 0.999),
    }
    stem = fold(numbers, PACKAGE).stem
    np.testing.assert_allclose(stem.weights, np.ones((5, 3, 3, 3)), rtol=1e-6)
    np.testing.assert_allclose(stem.bias, np.full(5, -5.0), rtol=1e-6)
    assert stem.stride == 2
    assert [block.adds_input for block in network.blocks] == [False, False, True, False, False, True, False, True]


@pytest.mark.parametrize(
    "changed",
    [
        {"_bn0.weight": None},
        {"_blocks.3._project_conv.weight": None},
        {"_blocks.8._project_conv.weight": np.zeros((4, 4, 1, 1))},
        {"_conv_stem.weight": np.zeros((5, 4, 3, 3))},
        {"_bn0.bias": np.zeros(4)},
        {"_fc.weight": np.zeros((1000, 1279))},
        {"_fc.bias": np.zeros(999)},
        {"_conv_head.weight": np.full((1280, 10, 1, 1), np.nan)},
        {"_blocks.1._depthwise_conv.weight": np.zeros((7, 1, 3, 3))},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_other_layers_are_refused(changed: dict[str, Any]) -> None:
    numbers = {name: value for name, value in (state() | changed).items() if value is not None}
    with refused(WeightsError, "layers_wrong", network="mini"):
        fold(numbers, PACKAGE)
