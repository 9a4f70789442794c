"""Small image encoders as ONNX files, written by the package `onnx`: one convolution, averaged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE, DIM = 16, 8
MEAN, STD = [0.5, 0.4, 0.3], [0.2, 0.25, 0.5]
KERNEL: NDArray[np.float32] = np.random.default_rng(20).normal(0, 0.3, (DIM, 3, 4, 4)).astype(np.float32)
Shape = Sequence[int | str]


def told(**about: Any) -> dict[str, Any]:
    return {"size": SIDE, "mean": MEAN, "std": STD} | about


def save(path: Path, model: onnx.ModelProto, about: Any = None) -> Path:
    """Write a model, and beside it what it takes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    path.with_suffix(".json").write_text(json.dumps(told() if about is None else about))
    return path


def encoder(
    taken: Shape = ("batch", 3, SIDE, SIDE),
    *,
    kind: int = TensorProto.FLOAT,
    before: Sequence[onnx.NodeProto] = (),
    after: Sequence[onnx.NodeProto] = (),
    given: Shape = ("batch", DIM),
    inputs: Sequence[onnx.ValueInfoProto] = (),
    outputs: Sequence[onnx.ValueInfoProto] = (),
    kernel: NDArray[np.float32] = KERNEL,
    functions: Sequence[onnx.FunctionProto] = (),
    domains: Sequence[str] = (),
) -> onnx.ModelProto:
    """Return a model: pixels, what comes `before`, a convolution, ReLU, the mean, what comes `after`, a row."""
    nodes = [
        *before,
        helper.make_node("Conv", [before[-1].output[0] if before else "pixels", "kernel"], ["maps"], strides=[2, 2]),
        helper.make_node("Relu", ["maps"], ["woken"]),
        helper.make_node("GlobalAveragePool", ["woken"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat" if after else "row"]),
        *after,
    ]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("pixels", kind, taken), *inputs],
        [*outputs, helper.make_tensor_value_info("row", TensorProto.FLOAT, given)],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    sets = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=sets, ir_version=8, functions=functions)


def by_definition(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Compute the encoder's row of one picture in NumPy alone."""
    pixels = ((picture / 255 - MEAN) / STD).transpose(2, 0, 1)
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (4, 4), (1, 2))[:, ::2, ::2]
    maps = np.einsum("chwij,ocij->ohw", windows, KERNEL)
    return np.maximum(maps, 0).mean(axis=(1, 2))


def external(model: onnx.ModelProto, location: str) -> onnx.ModelProto:
    """Say that a model's first numbers lie in another file."""
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return model
