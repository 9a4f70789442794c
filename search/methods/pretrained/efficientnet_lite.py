"""EfficientNet-Lite as plain arrays: batch normalization folded into the convolutions.

Source: Tan and Le, "EfficientNet: Rethinking model scaling for convolutional neural networks" (ICML 2019); the Lite
variants have no squeeze-and-excitation and ReLU6 in place of swish.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import WeightsError
from search.methods.pretrained.packages import Package

Array = NDArray[np.float32]
State = Mapping[str, NDArray[Any]]

EPSILON = 1e-3
"""Of the batch normalization, as these networks were trained with it."""
MIDDLE, SPREAD = 127.0, 128.0
"""Pixels p of 0..255 enter as (p - MIDDLE) / SPREAD."""
FEATURES, CLASSES = 1280, 1000
_STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)  # of the first block of each stage


@dataclass(frozen=True, slots=True)
class Layer:
    """One convolution: weights and what is added."""

    weights: Array  # (channels out, height, width, channels in); depthwise (1, height, width, channels)
    bias: Array  # (channels out,)
    stride: int = 1


@dataclass(frozen=True, slots=True)
class InvertedBlock:
    """Widened, filtered channel by channel, narrowed; the input is added where the shape stays."""

    expand: Layer | None
    depthwise: Layer
    project: Layer
    adds_input: bool


@dataclass(frozen=True, slots=True)
class Lite:
    """All numbers of a network that are needed to run it. Its stem takes pixels less MIDDLE."""

    side: int
    stem: Layer
    blocks: tuple[InvertedBlock, ...]
    head: Layer
    classifier: Layer  # weights of shape (classes, features)


def fold(state: State, package: Package) -> Lite:
    """Take a network out of the tensors of its weights file.

    Parameters
    ----------
    state : see `read_state_dict`
    package : says how many blocks there are, and for which pixels

    Raises
    ------
    WeightsError : `layers_wrong`: a tensor is missing, has another shape, or holds numbers that are not finite
    """
    try:
        network = Lite(
            package.side,
            _scaled(_layer(state, "_conv_stem", "_bn0", 2), 1 / SPREAD),
            tuple(_blocks(state, package)),
            _layer(state, "_conv_head", "_bn1"),
            Layer(_floats(state, "_fc.weight"), _floats(state, "_fc.bias")),
        )
        _check(network)
    except (KeyError, ValueError) as error:
        raise WeightsError("layers_wrong", network=package.name, cause=str(error)) from error
    return network


def _blocks(state: State, package: Package) -> list[InvertedBlock]:
    blocks: list[InvertedBlock] = []
    for repeats, first_stride in zip(package.repeats, _STAGE_STRIDES, strict=True):
        for repeat in range(repeats):
            stride = 1 if repeat else first_stride
            name = f"_blocks.{len(blocks)}"
            expand = None
            if f"{name}._expand_conv.weight" in state:
                expand = _layer(state, f"{name}._expand_conv", f"{name}._bn0")
            depthwise = _layer(state, f"{name}._depthwise_conv", f"{name}._bn1", stride, depthwise=True)
            project = _layer(state, f"{name}._project_conv", f"{name}._bn2")
            entering = (expand.weights if expand else depthwise.weights).shape[3]
            blocks.append(
                InvertedBlock(expand, depthwise, project, stride == 1 and entering == project.weights.shape[0])
            )
    if f"_blocks.{len(blocks)}._project_conv.weight" in state:
        raise ValueError(f"more than {len(blocks)} blocks")
    return blocks


def _layer(state: State, convolution: str, norm: str, stride: int = 1, *, depthwise: bool = False) -> Layer:
    """Fold: gamma (k * x - mean) / sqrt(variance + epsilon) + beta is a convolution with scaled k, plus a number."""
    gamma, beta, mean, variance = (
        np.asarray(state[f"{norm}.{part}"], np.float64) for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gamma / np.sqrt(variance + EPSILON)
    kernel = np.asarray(state[f"{convolution}.weight"], np.float64)  # (out, in, height, width)
    weights = kernel * scale[:, None, None, None]
    weights = weights.transpose(1, 2, 3, 0) if depthwise else weights.transpose(0, 2, 3, 1)
    return Layer(np.ascontiguousarray(weights, np.float32), (beta - mean * scale).astype(np.float32), stride)


def _scaled(layer: Layer, factor: float) -> Layer:
    return Layer(np.asarray(layer.weights * factor, np.float32), layer.bias, layer.stride)


def _floats(state: State, name: str) -> Array:
    return np.asarray(state[name], np.float32)


def _check(network: Lite) -> None:
    """Raise ValueError unless every layer takes what the one before it gives, and all numbers are finite."""
    channels = _fits(network.stem, 3)
    for block in network.blocks:
        wide = _fits(block.expand, channels) if block.expand else channels
        if block.depthwise.weights.shape[::3] != (1, wide):
            raise ValueError(f"a filter of shape {block.depthwise.weights.shape} for {wide} channels")
        _fits(Layer(block.depthwise.weights.transpose(3, 1, 2, 0), block.depthwise.bias), 1)
        channels = _fits(block.project, wide)
    if _fits(network.head, channels) != FEATURES or network.classifier.weights.shape != (CLASSES, FEATURES):
        raise ValueError(f"expected {FEATURES} features and {CLASSES} classes")
    _fits(Layer(network.classifier.weights[:, None, None], network.classifier.bias), FEATURES)


def _fits(layer: Layer, channels: int) -> int:
    """Return how many channels a layer gives."""
    given, height, width, taken = layer.weights.shape
    if taken != channels or layer.bias.shape != (given,) or height != width:
        raise ValueError(f"a layer of shape {layer.weights.shape} for {channels} channels")
    if not (np.isfinite(layer.weights).all() and np.isfinite(layer.bias).all()):
        raise ValueError("numbers that are not finite")
    return int(given)
