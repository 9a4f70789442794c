"""Networks of keras.applications and whole `.keras` models, run by TensorFlow."""

from __future__ import annotations

import os
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import WeightsError
from search.methods.engines.network import Network, unreadable
from search.methods.model_files import NO_PREPROCESSING, ModelFile
from search.methods.weights import Backbone

_DEFAULT_SIDE = 224
# Keras, h5py and zipfile raise all of these for files that are damaged, or of another kind.
_LOAD_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RuntimeError,
    UserWarning,
    zipfile.BadZipFile,
    zlib.error,
)


def load(file: ModelFile) -> Network:
    """Load the file with Keras and compile it for batches of any size.

    Raises
    ------
    WeightsError : damaged, of another network, or not a model from one image to one row
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Keras reads this once, when it is first imported.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import tensorflow as tf

    model = load_features(file)
    height, width = input_size(model)
    # A batch of any size: without it, each new size would be compiled by itself.
    signature = [tf.TensorSpec((None, height, width, 3), tf.float32)]
    graph = tf.function(lambda pixels: model(pixels, training=False), input_signature=signature, autograph=False)
    prepare = preprocessing(file)
    return Network(
        size=(height, width),
        dim=int(model.output_shape[-1]),
        embeds=False,
        run=lambda pixels: np.asarray(graph(prepare(pixels.astype(np.float32))), np.float32),
    )


def load_features(file: ModelFile) -> Any:
    """Return the Keras model of the file that ends in one row of features per image, on any backend of Keras.

    Raises
    ------
    WeightsError : see `load`
    """
    try:
        with warnings.catch_warnings():
            # Keras only warns when layers keep the random numbers they were made with.
            warnings.filterwarnings("error", message=".*freshly-initialized", category=UserWarning)
            return _with_weights(file.backbone, file.path) if file.backbone else _features_of(_whole_model(file), file)
    except _LOAD_ERRORS as error:
        if file.backbone:
            raise unreadable("weights_unreadable", file.path, error, backbone=file.backbone.name) from error
        raise unreadable("keras_model_unreadable", file.path, error) from error


def input_size(model: Any) -> tuple[int, int]:
    """Return height and width of the images that a Keras model takes; 224 where it leaves them open."""
    height, width = (side or _DEFAULT_SIDE for side in model.input_shape[1:3])
    return height, width


def preprocessing(file: ModelFile) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Return what the file's network wants done to pixels of 0..255."""
    import keras

    if file.preprocessing == NO_PREPROCESSING:
        return lambda pixels: pixels
    module = getattr(keras.applications, file.preprocessing)
    prepare: Callable[[NDArray[np.float32]], NDArray[np.float32]] = module.preprocess_input
    return prepare


def _with_weights(backbone: Backbone, path: Path) -> Any:
    import keras

    build = getattr(keras.applications, backbone.name)
    model = build(include_top=False, weights=None, pooling="avg", input_shape=(backbone.side, backbone.side, 3))
    for weights in model.weights:
        weights.assign(np.full(weights.shape, np.nan))  # so that none can stay as it was made, unseen
    model.load_weights(path)
    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise WeightsError("weights_with_gaps", path=path, backbone=backbone.name)
    return model


def _whole_model(file: ModelFile) -> Any:
    import keras

    # Safe, because layers of a foreign model may hold code, and must not run it; not compiled, because nothing is
    # trained.
    return keras.saving.load_model(file.path, compile=False, safe_mode=True)


def _features_of(model: Any, file: ModelFile) -> Any:
    """Return the part of a model that ends in one row of features per image: a classifier's top is cut off."""
    import keras

    if len(model.inputs) != 1 or len(model.outputs) != 1:
        about = {"file": file.path.name, "inputs": len(model.inputs), "outputs": len(model.outputs)}
        raise WeightsError("not_one_input_and_output", **about)
    if len(model.input_shape) != 4 or model.input_shape[3] != 3:
        raise WeightsError("takes_no_images", file=file.path.name, got=str(model.input_shape))
    output = model.outputs[0]
    if _is_classifier(model.layers[-1]):
        pooled = [layer for layer in model.layers if type(layer).__name__ == "GlobalAveragePooling2D"]
        # What was averaged last describes the whole picture; without any pooling, what the classifier reads does.
        output = pooled[-1].output if pooled else model.layers[-1].input
    if len(output.shape) == 4:
        output = keras.layers.GlobalAveragePooling2D()(output)
    if len(output.shape) != 2:
        raise WeightsError("output_of_another_shape", file=file.path.name, got=str(output.shape))
    return keras.Model(model.inputs[0], output)


def _is_classifier(layer: Any) -> bool:
    activation = getattr(getattr(layer, "activation", None), "__name__", "")
    return activation == "softmax" or type(layer).__name__ == "Softmax"
