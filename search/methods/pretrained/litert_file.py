"""A folded network as a `.tflite` file, written number by number: no framework converts it, so any process may.

Weights are stored in 16 bits and widened when the file is loaded. The same network gives the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from search.methods.pretrained.efficientnet_lite import MIDDLE, Layer, Lite

_ALIGNMENT = 16  # bytes, at which LiteRT wants numbers to begin
_SAME, _RELU6, _PLAIN = 0, schema.ActivationFunctionType.RELU6, schema.ActivationFunctionType.NONE
_Operator, _Options = schema.BuiltinOperator, schema.BuiltinOptions


def written(network: Lite, taken: str, features: str, classes: str, places: str = "") -> bytes:
    """Return a network as the content of a `.tflite` file.

    It takes one picture of (side, side, 3) RGB pixels of 0..255, float32, and gives two rows: the activations before
    the classifier, averaged over the picture (1280), and what the classifier makes of them (1000 logits).

    Parameters
    ----------
    network : see `fold`
    taken, features, classes : what the input and the two outputs are called
    places : what a third output is called, if there is to be one: the activations before they are averaged
    """
    graph = _Graph()
    side = network.side
    pixels = graph.tensor([1, side, side, 3], taken)
    maps = graph.add(_Operator.SUB, [pixels, graph.whole([MIDDLE])], [1, side, side, 3], _Options.SubOptions, _sub())
    maps = graph.convolve(maps, network.stem, _RELU6)
    for block in network.blocks:
        inner = graph.convolve(maps, block.expand, _RELU6) if block.expand else maps
        inner = graph.convolve(inner, block.depthwise, _RELU6, depthwise=True)
        inner = graph.convolve(inner, block.project, _PLAIN)
        maps = graph.sum(maps, inner) if block.adds_input else inner
    maps = graph.convolve(maps, network.head, _RELU6)
    before = {places: maps} if places else {}
    pooled = graph.mean(maps, features)
    named = graph.classify(pooled, network.classifier, classes)
    return graph.content({taken: pixels}, {features: pooled, classes: named} | before)


class _Graph:
    """Tensors, numbers and operations of a model, in the order in which they are computed."""

    def __init__(self) -> None:
        self._tensors: list[Any] = []
        self._buffers: list[Any] = [schema.BufferT()]  # the first one is empty by agreement
        self._operations: list[Any] = []
        self._codes: list[int] = []

    def tensor(self, shape: Sequence[int], name: str = "", kind: int = schema.TensorType.FLOAT32) -> int:
        """Add a tensor without numbers of its own; return its place."""
        self._tensors.append(schema.TensorT(shape=list(shape), type=kind, name=name or f"t{len(self._tensors)}"))
        return len(self._tensors) - 1

    def whole(self, values: Any, dtype: type[np.generic] = np.float32) -> int:
        """Add a tensor of constant numbers as they are."""
        array: NDArray[Any] = np.asarray(values, dtype)
        kinds: dict[Any, int] = {np.float16: schema.TensorType.FLOAT16, np.int32: schema.TensorType.INT32}
        place = self.tensor(array.shape, kind=kinds.get(dtype, schema.TensorType.FLOAT32))
        self._tensors[place].buffer = len(self._buffers)
        self._buffers.append(schema.BufferT(data=np.frombuffer(array.tobytes(), np.uint8)))
        return place

    def half(self, values: NDArray[np.float32]) -> int:
        """Add a tensor of constant numbers that are stored in 16 bits."""
        stored = self.whole(values, np.float16)
        return self.add(
            _Operator.DEQUANTIZE, [stored], values.shape, _Options.DequantizeOptions, schema.DequantizeOptionsT()
        )

    def convolve(self, maps: int, layer: Layer, activation: int, *, depthwise: bool = False) -> int:
        """Add a convolution; the picture is padded as TensorFlow does it, an odd side at the far end."""
        _, height, width, _ = self._tensors[maps].shape
        shape = [1, -(-height // layer.stride), -(-width // layer.stride), len(layer.bias)]
        about = {"padding": _SAME, "strideW": layer.stride, "strideH": layer.stride}
        inputs = [maps, self.half(layer.weights), self.whole(layer.bias)]
        if depthwise:
            options = schema.DepthwiseConv2DOptionsT(**about, depthMultiplier=1, fusedActivationFunction=activation)
            return self.add(_Operator.DEPTHWISE_CONV_2D, inputs, shape, _Options.DepthwiseConv2DOptions, options)
        options = schema.Conv2DOptionsT(**about, fusedActivationFunction=activation)
        return self.add(_Operator.CONV_2D, inputs, shape, _Options.Conv2DOptions, options)

    def sum(self, one: int, other: int) -> int:
        """Add two maps."""
        shape = self._tensors[one].shape
        return self.add(_Operator.ADD, [one, other], shape, _Options.AddOptions, schema.AddOptionsT())

    def mean(self, maps: int, name: str) -> int:
        """Average over the picture."""
        axes, options = self.whole([1, 2], np.int32), schema.ReducerOptionsT(keepDims=False)
        shape = [1, self._tensors[maps].shape[3]]
        return self.add(_Operator.MEAN, [maps, axes], shape, _Options.ReducerOptions, options, name)

    def classify(self, row: int, layer: Layer, name: str) -> int:
        """Multiply by a matrix."""
        inputs, shape = [row, self.half(layer.weights), self.whole(layer.bias)], [1, len(layer.bias)]
        options = schema.FullyConnectedOptionsT()
        return self.add(_Operator.FULLY_CONNECTED, inputs, shape, _Options.FullyConnectedOptions, options, name)

    def add(self, code: int, inputs: list[int], shape: Sequence[int], kind: int, options: Any, name: str = "") -> int:
        """Add an operation; return the place of what it gives."""
        if code not in self._codes:
            self._codes.append(code)
        given = self.tensor(shape, name)
        self._operations.append(
            schema.OperatorT(self._codes.index(code), inputs, [given], builtinOptionsType=kind, builtinOptions=options)
        )
        return given

    def content(self, inputs: dict[str, int], outputs: dict[str, int]) -> bytes:
        """Return the file's content."""
        graph = schema.SubGraphT(
            self._tensors, list(inputs.values()), list(outputs.values()), self._operations, name="main"
        )
        signature = schema.SignatureDefT(_named(inputs), _named(outputs), "serving_default", 0)
        codes = [schema.OperatorCodeT(min(code, 127), version=1, builtinCode=code) for code in self._codes]
        model = schema.ModelT(3, codes, [graph], "Likeness", self._buffers, signatureDefs=[signature])
        builder = _Builder(2**20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


class _Builder(flatbuffers.Builder):
    """Lets numbers begin where LiteRT wants them."""

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:  # noqa: N802, N803 (its base's names)
        return super().StartVector(elemSize, numElems, _ALIGNMENT if elemSize == 1 else alignment)


def _named(tensors: dict[str, int]) -> list[Any]:
    return [schema.TensorMapT(name, place) for name, place in tensors.items()]


def _sub() -> Any:
    return schema.SubOptionsT(potScaleInt16=False)
