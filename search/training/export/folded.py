"""The encoder as plain arrays: batch normalization folded into the convolutions, as exported files hold it.

Between the Keras model of any backend, the `.tflite` file and the graph that is converted to one stands this form, so
that an encoder can be exported wherever it was trained, and made smaller from its file alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import WeightsError

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Kernel:
    """One convolution, or one matrix product: weights and what is added."""

    weights: Array  # (height, width, channels in, channels out), or (channels in, numbers out)
    bias: Array  # (channels out,)
    stride: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """One residual block; without a shortcut the input is added as it is."""

    first: Kernel
    second: Kernel
    shortcut: Kernel | None


@dataclass(frozen=True, slots=True)
class FoldedEncoder:
    """All numbers of an encoder that are needed to run it."""

    stem: Kernel
    blocks: tuple[Block, ...]
    head: Kernel

    @property
    def dim(self) -> int:
        """Numbers per image."""
        return int(self.head.weights.shape[1])


def fold(model: Any) -> FoldedEncoder:
    """Take the numbers out of a trained Keras model.

    Parameters
    ----------
    model : keras.Model of `search.training.network.build`, on any backend

    Returns
    -------
    encoder : computes what the model's first output is outside of training, up to rounding

    Notes
    -----
    y = gamma (k * x - mean) / sqrt(variance + epsilon) + beta is a convolution with k gamma / sqrt(variance +
    epsilon), plus beta - mean gamma / sqrt(variance + epsilon).
    """
    layers = {layer.name: layer for layer in model.layers}
    count = len({name.rpartition("_")[0] for name in layers if name.startswith("block") and name.endswith("_first")})
    blocks = []
    for number in range(count):
        shortcut = f"block{number}_shortcut"
        blocks.append(
            Block(
                _fold_one(layers, f"block{number}_first"),
                _fold_one(layers, f"block{number}_second"),
                _fold_one(layers, shortcut) if shortcut in layers else None,
            )
        )
    head = Kernel(_array(layers["embedding"].kernel), _array(layers["embedding"].bias))
    return FoldedEncoder(_fold_one(layers, "stem"), tuple(blocks), head)


def _fold_one(layers: dict[str, Any], name: str) -> Kernel:
    convolution, norm = layers[name], layers[f"{name}_norm"]
    gamma, beta, mean, variance = (
        _array(each) for each in (norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)
    )
    scale = gamma / np.sqrt(variance + norm.epsilon)
    weights = _array(convolution.kernel) * scale
    return Kernel(weights.astype(np.float32), (beta - mean * scale).astype(np.float32), int(convolution.strides[0]))


def _array(variable: Any) -> Array:
    return np.asarray(variable.numpy(), np.float32)


def read_tflite(path: Path) -> FoldedEncoder:
    """Read the numbers back from an encoder's `.tflite` file with weights of 16 or 32 bits.

    Raises
    ------
    WeightsError : not an encoder of `manage.py train_encoder`, or one with weights of 8 bits
    """
    kernels = list(_kernels(path))
    convolutions, heads = [k for k in kernels if k.weights.ndim == 4], [k for k in kernels if k.weights.ndim == 2]
    wide = [kernel for kernel in convolutions if kernel.weights.shape[0] == 3]
    shortcuts = iter([kernel for kernel in convolutions if kernel.weights.shape[0] == 1])
    try:
        (head,), (stem, *inner) = heads, wide
        blocks = tuple(
            Block(first, second, next(shortcuts) if _changes(first) else None)
            for first, second in zip(inner[::2], inner[1::2], strict=True)
        )
        if next(shortcuts, None) is not None:
            raise ValueError("shortcuts are left over")
    except (ValueError, StopIteration, RuntimeError) as error:
        raise WeightsError("no_encoder", path=path) from error
    return FoldedEncoder(stem, blocks, head)


def _changes(first: Kernel) -> bool:
    """Tell whether a block that begins with this convolution needs one in its shortcut."""
    return first.stride > 1 or first.weights.shape[2] != first.weights.shape[3]


def _kernels(path: Path) -> Iterator[Kernel]:
    """Yield the convolutions and matrix products of a `.tflite` file in the order in which they are computed."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    graph = model.subgraphs[0]
    codes = [max(each.builtinCode, each.deprecatedBuiltinCode) for each in model.operatorCodes]
    operator = schema.BuiltinOperator
    widened: dict[int, int] = {}  # weights of 16 bits are widened by an operation of their own
    for operation in graph.operators:
        code = codes[operation.opcodeIndex]
        if code == operator.DEQUANTIZE:
            widened[operation.outputs[0]] = operation.inputs[0]
        elif code in (operator.CONV_2D, operator.FULLY_CONNECTED):
            weights, added = (widened.get(place, place) for place in operation.inputs[1:3])
            array = _constant(path, model, weights)
            bias = np.zeros(len(array), np.float32) if added < 0 else _constant(path, model, added)  # none: all are 0
            if code == operator.CONV_2D:
                yield Kernel(array.transpose(1, 2, 3, 0), bias, int(operation.builtinOptions.strideH))
            else:
                yield Kernel(array.T, bias)


def _constant(path: Path, model: Any, place: int) -> Array:
    from ai_edge_litert import schema_py_generated as schema

    tensor = model.subgraphs[0].tensors[place]
    content = model.buffers[tensor.buffer].data
    kinds: dict[int, type[np.floating]] = {schema.TensorType.FLOAT16: np.float16, schema.TensorType.FLOAT32: np.float32}
    if content is None or tensor.type not in kinds:
        raise WeightsError("no_wide_weights", path=path)
    values = np.frombuffer(bytes(content), kinds[tensor.type])
    return values.reshape([int(side) for side in tensor.shape]).astype(np.float32)


def run(encoder: FoldedEncoder, pixels: Any, ops: Any) -> Any:
    """Compute the encoder's rows with the operations of TensorFlow.

    Parameters
    ----------
    pixels : tensor of shape (n, height, width, 3), float32, RGB of 0..255
    ops : the module tensorflow

    Returns
    -------
    rows : tensor of shape (n, dim), float32, L2 norm 1
    """
    maps = ops.nn.relu(_convolve(pixels / 127.5 - 1.0, encoder.stem, ops))
    for block in encoder.blocks:
        inner = _convolve(ops.nn.relu(_convolve(maps, block.first, ops)), block.second, ops)
        if block.first.stride > 1:
            maps = ops.nn.avg_pool2d(maps, block.first.stride, block.first.stride, "SAME")
        if block.shortcut is not None:
            maps = _convolve(maps, block.shortcut, ops)
        maps = ops.nn.relu(maps + inner)
    rows = ops.reduce_mean(maps, (1, 2)) @ encoder.head.weights + encoder.head.bias
    return ops.math.l2_normalize(rows, axis=1, epsilon=1e-12)


def _convolve(maps: Any, kernel: Kernel, ops: Any) -> Any:
    return ops.nn.conv2d(maps, kernel.weights, kernel.stride, "SAME") + kernel.bias


def num_parameters(encoder: FoldedEncoder) -> int:
    """Return how many numbers the encoder holds."""
    kernels: Sequence[Kernel | None] = [encoder.stem, encoder.head]
    inner = [part for block in encoder.blocks for part in (block.first, block.second, block.shortcut)]
    return sum(kernel.weights.size + kernel.bias.size for kernel in [*kernels, *inner] if kernel is not None)
