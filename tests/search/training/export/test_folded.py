from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.exceptions import WeightsError
from search.training.export.folded import FoldedEncoder, fold, num_parameters, read_tflite, run
from tests.codes import refused


def numbers(encoder: FoldedEncoder) -> list[NDArray[np.float32]]:
    inner = [part for block in encoder.blocks for part in (block.first, block.second, block.shortcut)]
    return [each for kernel in (encoder.stem, encoder.head, *inner) if kernel for each in (kernel.weights, kernel.bias)]


@pytest.fixture(scope="module")
def trained(keras: Any) -> Any:
    """A small network with statistics as training leaves them."""
    from search.training.network import build

    keras.utils.set_random_seed(21)
    network, rng = build((8, 12), depth=2, dim=8, stem=8), np.random.default_rng(3)
    for layer in network.layers:
        if layer.name.endswith("_norm"):
            size = layer.gamma.shape
            layer.set_weights(
                [rng.uniform(0.5, 2, size), rng.normal(size=size), rng.normal(size=size), rng.random(size)]
            )
    return network


def test_it_works(trained: Any) -> None:
    import tensorflow as tf

    pixels = np.random.default_rng(1).integers(0, 256, (3, 32, 48, 3)).astype(np.float32)
    expected = np.array(trained(pixels, training=False)[0])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(run(fold(trained), pixels, tf).numpy(), expected, atol=1e-5)


def test_one_number_by_hand() -> None:
    """With kernel 3, mean 2, variance 4, gamma 6, beta 1: 6 (3 x - 2) / 2 + 1 = 9 x - 5."""
    from types import SimpleNamespace

    from search.training.export import folded

    def variable(value: float) -> Any:
        return SimpleNamespace(numpy=lambda: np.array([value]))

    convolution = SimpleNamespace(kernel=SimpleNamespace(numpy=lambda: np.full((1, 1, 1, 1), 3.0)), strides=(2, 2))
    norm = SimpleNamespace(
        gamma=variable(6), beta=variable(1), moving_mean=variable(2), moving_variance=variable(4), epsilon=0.0
    )
    kernel = folded._fold_one({"a": convolution, "a_norm": norm}, "a")
    assert (kernel.weights.item(), kernel.bias.item(), kernel.stride) == (9, -5, 2)


def test_a_file_gives_its_numbers_back(tiny_network: Any, tiny_encoder: Path) -> None:
    expected, found = fold(tiny_network), read_tflite(tiny_encoder)
    assert [block.first.stride for block in found.blocks] == [2, 2, 2]
    for one, other in zip(numbers(expected), numbers(found), strict=True):
        np.testing.assert_allclose(other, one, rtol=2e-3, atol=1e-4)  # of 16 bits
    assert found.dim == 8
    assert num_parameters(found) == sum(each.size for each in numbers(found))


def test_blocks_without_a_shortcut(keras: Any, tmp_path: Path) -> None:
    from search.training.export.tflite import export_tflite
    from search.training.network import build

    path = tmp_path / "deep.tflite"
    export_tflite(build((8, 8), depth=2, dim=4, stem=8), path, side=32)
    assert [block.shortcut is None for block in read_tflite(path).blocks] == [False, True, False, True]


def test_eight_bits_are_refused(tiny_int8_encoder: Path) -> None:
    with refused(WeightsError, "no_wide_weights"):
        read_tflite(tiny_int8_encoder)


def test_another_model_is_refused(keras: Any, tmp_path: Path) -> None:
    import tensorflow as tf

    module = tf.Module()
    spec = tf.TensorSpec((1, 8, 8, 3), tf.float32)
    module.call = tf.function(lambda pixels: tf.reduce_mean(pixels, (1, 2)), input_signature=[spec], autograph=False)
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures={"serving_default": module.call})
    path = tmp_path / "mean.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved")).convert())
    with refused(WeightsError, "no_encoder", path=str(path)):
        read_tflite(path)
