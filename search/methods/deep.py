"""What an image shows, as a pretrained neural network sees it."""

from __future__ import annotations

import importlib.util
import os
import threading
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from search.exceptions import MethodUnavailableError, WeightsError
from search.methods.base import Method, check_images, normalize_rows, resize
from search.methods.model_files import NO_PREPROCESSING, ModelFile, find_model_file, fingerprint
from search.methods.weights import Backbone
from search.types import RGBImage, Vectors

_REVISION = 1  # of the numbers below the network: raise it when resizing or the root changes
_BATCH = 16
_GRAY = (128, 128, 128)
_DEFAULT_SIDE = 224
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


class Deep(Method):
    """Average-pooled activations of a network of keras.applications, or of any Keras model, square-rooted.

    Options: see `search.methods.model_files.find_model_file`. Weights are never random and never downloaded here:
    without a file the method is unavailable.

    The square root lessens the few channels that fire strongly everywhere (Hellinger kernel; on development images it
    raises mAP from 0.43 to 0.50). Images keep half of their aspect ratio (see `fit`), which raises it further, to 0.54.
    """

    name = "deep"

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options)
        self._lock = threading.Lock()
        self._network: _Network | None = None

    @property
    def version(self) -> str:
        """Name the network and the first 12 digits of its file's SHA-256; "unavailable" where there is none."""
        try:
            file = find_model_file(self.options)
            return f"{_REVISION}-{file.title}-{fingerprint(file.path)}"
        except (WeightsError, OSError):
            return f"{_REVISION}-unavailable"

    @property
    def dim(self) -> int:
        """Numbers per image: the channels of the network's last layer. Loads the network."""
        return self._load().dim

    def unavailable(self) -> str | None:
        """Return why images cannot be described here, such as "not available: no weights for ResNet50; ..."."""
        for package in ("tensorflow", "keras"):
            if importlib.util.find_spec(package) is None:
                return f"not available: {package} is not installed; install the requirements again"
        try:
            find_model_file(self.options)
        except WeightsError as error:
            return f"not available: {error}"
        return None

    def warm_up(self) -> None:
        """Import TensorFlow, load the network and let it compile."""
        network = self._load()
        network.run(np.zeros((1, *network.size, 3), np.float32))

    def describe(self, images: Sequence[RGBImage]) -> Vectors:
        """Describe images by what they show; see `Method.describe`.

        Raises
        ------
        MethodUnavailableError : no usable weights; says what to do
        WeightsError : the file is damaged or belongs to another network
        """
        check_images(images)
        network = self._load()
        activations = _activations(network, images, fit)
        rows = normalize_rows(np.sign(activations) * np.sqrt(np.abs(activations)))
        rows[~rows.any(axis=1)] = network.dim**-0.5  # nothing woke: alike to all, and to the next such image most
        return rows

    def guide_similarity(self, first: RGBImage, second: RGBImage) -> float:
        """Compare two images by the guide's definition: cosine of the pooled activations.

        The guide resizes images to the network's input without regard to their aspect ratio, and takes no root.

        Parameters
        ----------
        first, second : ndarrays of shape (H, W, 3), dtype uint8, RGB; sizes may differ

        Returns
        -------
        similarity : -1..1; 1 for equal images

        Raises
        ------
        ValueError, MethodUnavailableError, WeightsError : see `describe`
        """
        check_images([first, second])
        one, other = normalize_rows(_activations(self._load(), [first, second], resize))
        return float(one @ other)

    def _load(self) -> _Network:
        """Return the network, loaded once, and again when its file changes."""
        reason = self.unavailable()
        if reason is not None:
            raise MethodUnavailableError(f"deep: {reason}")
        file = find_model_file(self.options)
        mark = f"{file.path}:{file.title}:{fingerprint(file.path)}"
        with self._lock:
            if self._network is None or self._network.mark != mark:
                self._network = _load_network(file, mark)
            return self._network


def fit(image: RGBImage, height: int, width: int) -> RGBImage:
    """Fit an image into (height, width), half by squeezing it, half by gray bars.

    The square root of the aspect ratio is kept. Squeezed wholly, a tall thing and a wide thing look alike to the
    network; kept wholly, bars take most of the picture from long images. Half way was best on development images:
    mAP 0.540 (squeezed 0.504, center crop 0.507, bars only 0.537), edited copies found first 0.93 (0.92, -, 0.92).

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), dtype uint8
    height, width : of the network's input, in pixels

    Returns
    -------
    fitted : ndarray of shape (height, width, 3), dtype uint8
    """
    relative = (image.shape[1] / image.shape[0]) / (width / height)
    inner_width = width if relative >= 1 else max(1, round(width * relative**0.5))
    inner_height = height if relative <= 1 else max(1, round(height / relative**0.5))
    inner = resize(image, inner_height, inner_width)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    bottom, right = height - inner_height - top, width - inner_width - left
    bordered = cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_CONSTANT, value=_GRAY)
    return np.asarray(bordered, np.uint8)


@dataclass(frozen=True, slots=True)
class _Network:
    """A loaded network: prepared pixels in, pooled activations out."""

    mark: str
    size: tuple[int, int]  # (height, width) of the input
    dim: int
    prepare: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    run: Callable[[NDArray[np.float32]], NDArray[np.float32]]


def _activations(
    network: _Network, images: Sequence[RGBImage], shape: Callable[[RGBImage, int, int], RGBImage]
) -> NDArray[np.float32]:
    """Return the pooled activations of the images; shape (n, dim)."""
    activations = np.empty((len(images), network.dim), np.float32)
    for start in range(0, len(images), _BATCH):
        batch = [shape(image, *network.size) for image in images[start : start + _BATCH]]
        activations[start : start + _BATCH] = network.run(network.prepare(np.stack(batch).astype(np.float32)))
    if not np.isfinite(activations).all():
        raise WeightsError(f"deep: {network.mark} gives numbers that are not finite; fetch or save the weights again")
    return activations


def _load_network(file: ModelFile, mark: str) -> _Network:
    """Load the file with Keras and compile it for batches of any size."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    import tensorflow as tf

    try:
        with warnings.catch_warnings():
            # Keras only warns when layers keep the random numbers they were made with.
            warnings.filterwarnings("error", message=".*freshly-initialized", category=UserWarning)
            model = _with_weights(file.backbone, file.path) if file.backbone else _features_of(_whole_model(file), file)
    except _LOAD_ERRORS as error:
        expected = f"weights of {file.backbone.name} without top" if file.backbone else "a Keras model"
        summary = str(error).strip().partition("\n")[0][:200]
        raise WeightsError(f"deep: could not read {file.path} as {expected}: {summary}; set DEEP_WEIGHTS") from error
    height, width = (side or _DEFAULT_SIDE for side in model.input_shape[1:3])
    signature = [tf.TensorSpec((None, height, width, 3), tf.float32)]
    graph = tf.function(lambda pixels: model(pixels, training=False), input_signature=signature, autograph=False)
    return _Network(
        mark=mark,
        size=(height, width),
        dim=int(model.output_shape[-1]),
        prepare=_preprocessing(keras, file.preprocessing),
        run=lambda pixels: np.asarray(graph(pixels), np.float32),
    )


def _preprocessing(keras: Any, module: str) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    if module == NO_PREPROCESSING:
        return lambda pixels: pixels
    prepare: Callable[[NDArray[np.float32]], NDArray[np.float32]] = getattr(keras.applications, module).preprocess_input
    return prepare


def _with_weights(backbone: Backbone, path: Path) -> Any:
    import keras

    build = getattr(keras.applications, backbone.name)
    model = build(include_top=False, weights=None, pooling="avg", input_shape=(backbone.side, backbone.side, 3))
    for weights in model.weights:
        weights.assign(np.full(weights.shape, np.nan))  # so that none can stay as it was made, unseen
    model.load_weights(path)
    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise ValueError("numbers are missing for some of its layers")
    return model


def _whole_model(file: ModelFile) -> Any:
    import keras

    return keras.saving.load_model(file.path, compile=False, safe_mode=True)


def _features_of(model: Any, file: ModelFile) -> Any:
    """Return the part of a model that ends in one row of features per image: a classifier's top is cut off."""
    import keras

    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise WeightsError(f"deep: {file.path.name} must have one input and one output")
    if len(model.input_shape) != 4 or model.input_shape[3] != 3:
        raise WeightsError(f"deep: {file.path.name} must take (height, width, 3) images, it takes {model.input_shape}")
    output = model.outputs[0]
    if _is_classifier(model.layers[-1]):
        pooled = [layer for layer in model.layers if type(layer).__name__ == "GlobalAveragePooling2D"]
        output = pooled[-1].output if pooled else model.layers[-1].input
    if len(output.shape) == 4:
        output = keras.layers.GlobalAveragePooling2D()(output)
    if len(output.shape) != 2:
        raise WeightsError(f"deep: {file.path.name} must give one row of numbers per image, it gives {output.shape}")
    return keras.Model(model.inputs[0], output)


def _is_classifier(layer: Any) -> bool:
    activation = getattr(getattr(layer, "activation", None), "__name__", "")
    return activation == "softmax" or type(layer).__name__ == "Softmax"
