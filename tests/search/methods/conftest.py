"""A small network for the tests of the methods: real Keras, random but fixed numbers, built once."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.methods.base import normalize_rows
from search.training.naming.space import ClassNetwork


@pytest.fixture(scope="session")
def keras() -> Any:
    """Keras, imported once; what it warns of while it is imported is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
        import tensorflow  # noqa: F401 (Keras loads the rest of it at first need, warnings and all)
    return keras


@pytest.fixture(scope="session")
def tiny_model(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `.keras` file of a network that takes 32 x 32 pixels and gives 8 numbers; by its name it is a MobileNet."""
    keras.utils.set_random_seed(20)
    inputs = keras.Input((32, 32, 3))
    maps = keras.layers.Conv2D(8, 5, strides=2, activation="relu", name="only")(inputs)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(maps))
    path = tmp_path_factory.mktemp("model") / "tiny_mobilenet.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras writes HDF5 by an old road of NumPy's
        model.save(path)
    return path


@pytest.fixture(scope="session")
def tiny_network(keras: Any) -> Any:
    """The encoder's architecture, very small: random but fixed numbers, 8 outputs."""
    from search.training.network import build

    keras.utils.set_random_seed(20)
    return build((8, 12, 16), depth=1, dim=8, stem=8)


@pytest.fixture(scope="session")
def tiny_encoder(tiny_network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small encoder as a `.tflite` file that takes 32 x 32 pixels."""
    from search.training.export.tflite import export_tflite

    path = tmp_path_factory.mktemp("encoder") / "tiny.tflite"
    export_tflite(tiny_network, path, side=32)
    return path


@pytest.fixture(scope="session")
def tiny_int8_encoder(tiny_network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with 8 bits, quantized by noise."""
    from search.training.export.tflite import export_tflite

    path = tmp_path_factory.mktemp("encoder") / "tiny-int8.tflite"
    images = np.random.default_rng(20).integers(0, 256, (20, 32, 32, 3), np.uint8)
    export_tflite(tiny_network, path, "int8", side=32, images=images)
    return path


@pytest.fixture(scope="session")
def tiny_head(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Options of a siamese method with a head on the small encoder: random but fixed numbers, adopted."""
    from search.methods.branches import BITS, HEAD, Branch, adopt, save
    from search.methods.deep import Deep

    content = {"weights": tiny_encoder}
    folder, source = tmp_path_factory.mktemp("siamese"), Deep(content).version
    weights = np.random.default_rng(20).normal(size=(8, BITS))
    branch = Branch(HEAD, {"weights": weights, "bias": np.zeros(BITS)}, source)
    adopt(folder, source, save(branch, folder))
    return {"folder": folder, "deep": content}


@pytest.fixture(scope="session")
def tiny_names(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Options of the method of words with a space for the small encoder: names that mean nothing, random numbers."""
    from search.methods.deep import Deep
    from search.training.naming.space import fit_space, write_space

    content = {"weights": tiny_encoder}
    folder = tmp_path_factory.mktemp("names")
    path = folder / "names-tiny.npz"
    write_space(fit_space(random_network(Deep(content).version, 8), random_names, ["dog", "red car"], 20, path), path)
    return {"folder": folder, "deep": content}


def random_names(texts: Sequence[str]) -> NDArray[np.float32]:
    """Stand in for the text model: a row for each text by its length."""
    rng = np.random.default_rng([len(text) for text in texts])
    return normalize_rows(rng.normal(size=(len(texts), 512)))


def random_network(source: str, dim: int, num: int = 30) -> ClassNetwork:
    """Make a network of 1000 classes out of chance."""
    rng = np.random.default_rng(20)
    weights, rows = rng.normal(size=(1000, dim)), normalize_rows(rng.normal(size=(num, dim)))
    logits = 5 * rows @ weights.T
    floats = [np.asarray(each, np.float32) for each in (weights, np.zeros(1000), rows, logits)]
    return ClassNetwork(source, *floats, [[f"thing {number}"] for number in range(1000)])
