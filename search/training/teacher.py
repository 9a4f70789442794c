"""What a pretrained network says of an image and of its parts, and the target that an encoder learns to say instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import TrainingError, WeightsError
from search.methods.deep import fit
from search.methods.model_files import COMPACT, ModelFile, find_model_file
from search.methods.pretrained import packages
from search.training.packaged import PackagedMaps
from search.types import RGBImage

Array = NDArray[np.float32]

Maps = Callable[[Array], Array]
"""Pixels of 0..255, shape (n, height, width, 3), to a network's last maps, shape (n, rows, columns, channels)."""

PLACES = 4
"""Rows and columns of the places that an image is divided into."""
_WHITENING = 0.25
"""Power of the variance by which each direction is divided: 0 leaves them, 0.5 makes all equal."""
_TINY = 1e-9


class Teacher:
    """A pretrained network, looked at just before and after its last pooling.

    Parameters
    ----------
    name : "lite0" to "lite2", path of a `.keras` model, or the name of a network whose weights were fetched
    options : of the deep method: "weights_dir" and "preprocessing"

    Raises
    ------
    TrainingError : no such network here, or one without a map to pool
    """

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.file = find_teacher(name, options)
        try:
            self.size, self._maps = _packaged(self.file) if self.file.network else _from_keras(self.file)
        except WeightsError as error:
            raise TrainingError("teacher_unusable", because=error) from error
        self.channels = int(self._maps(np.zeros((1, *self.size, 3), np.float32)).shape[-1])

    @property
    def title(self) -> str:
        """Name and bytes of the network, such as "model-mobilenet-97af292eca1f"."""
        return f"{self.file.title}-{self.file.identity}"

    def look(self, images: Sequence[RGBImage]) -> tuple[Array, Array]:
        """Describe images as wholes and by their places.

        Parameters
        ----------
        images : n ndarrays of shape (H, W, 3), dtype uint8

        Returns
        -------
        pooled : shape (n, channels), float32; signed square roots of the pooled activations
        places : shape (n, PLACES, PLACES, channels), float32; the same of each place's
        """
        pixels = np.stack([fit(image, *self.size) for image in images]).astype(np.float32)
        maps = self._maps(pixels)
        # As averages of areas, since maps of 7 cells do not divide into 4 places.
        down, across = (_area_means(side) for side in maps.shape[1:3])
        roots = _signed_root(maps)
        places = np.einsum("ph,qw,nhwc->npqc", down, across, roots, optimize=True)
        return _signed_root(np.asarray(maps.mean(axis=(1, 2)), np.float32)), np.asarray(places, np.float32)


def _packaged(file: ModelFile) -> tuple[tuple[int, int], Maps]:
    maps = PackagedMaps(packages.PACKAGES[file.network])
    return maps.size, maps


def _from_keras(file: ModelFile) -> tuple[tuple[int, int], Maps]:
    import keras

    from search.methods.engines.keras_models import input_size, load_features, preprocessing

    model = load_features(file)
    pools = [layer for layer in model.layers if type(layer).__name__ == "GlobalAveragePooling2D"]
    if not pools or pools[-1].output is not model.outputs[0]:
        raise TrainingError("teacher_not_averaged", file=file.path.name)
    maps, prepare = keras.Model(model.inputs[0], pools[-1].input), preprocessing(file)
    return input_size(model), lambda pixels: np.asarray(maps.predict_on_batch(prepare(pixels)), np.float32)


def find_teacher(name: str, options: Mapping[str, Any]) -> ModelFile:
    """Return the model file of a teacher without loading it.

    Raises
    ------
    TrainingError : no such network here, or the encoder itself
    """
    given = {"preprocessing": options.get("preprocessing"), "weights_dir": options.get("weights_dir")}
    is_path = "." in name or "/" in name
    try:
        if package := packages.named(name):
            return ModelFile(packages.weights_of(package), "", None, package.name)
        file = find_model_file(given | ({"weights": Path(name)} if is_path else {"backbone": name}))
    except WeightsError as error:
        raise TrainingError("no_teacher", because=error) from error
    if file.engine != "keras" or name.lower() == COMPACT:
        raise TrainingError("cannot_teach", name=name)
    return file


@dataclass(frozen=True, slots=True)
class Whitening:
    """What turns a teacher's features into targets: centered, turned to their main directions, these partly evened."""

    mean: Array  # (channels,)
    directions: Array  # (channels, dim)
    kept: float  # share of the variance that the directions hold

    def apply(self, features: Array) -> Array:
        """Turn features into targets of length 1; shape (..., channels) to (..., dim)."""
        return _unit(np.asarray((_unit(features) - self.mean) @ self.directions, np.float32))


def fit_whitening(pooled: Array, dim: int) -> Whitening:
    """Find the main directions of a teacher's pooled features.

    Parameters
    ----------
    pooled : shape (n, channels), float32; see `Teacher.look`
    dim : directions wanted; fewer come where there are fewer channels or images

    Returns
    -------
    whitening : with min(dim, channels, n - 1) directions

    Notes
    -----
    Each direction is divided by the fourth root of its variance. A cosine then heeds details that the strongest
    directions drown: with a MobileNet mAP rises from 0.512 to 0.601 on the classes it is fitted to. Full whitening
    (the square root) lets noise speak: Jégou and Chum, "Negative evidences and co-occurences in image retrieval: the
    benefit of PCA and whitening", ECCV 2012.
    """
    rows = _unit(pooled)
    mean = rows.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov((rows - mean).T.astype(np.float64)))
    dim = min(dim, pooled.shape[1], len(pooled) - 1)
    strongest = np.argsort(variances)[::-1][:dim]
    # Directions in which nothing varies would be divided by zero.
    scale = np.maximum(variances[strongest], max(variances.max(), _TINY) * _TINY) ** -_WHITENING
    kept = float(variances[strongest].sum() / max(variances.sum(), _TINY))
    return Whitening(mean, np.asarray(directions[:, strongest] * scale, np.float32), kept)


def _unit(rows: Array) -> Array:
    return np.asarray(rows / (np.linalg.norm(rows, axis=-1, keepdims=True) + _TINY), np.float32)


def _signed_root(values: Array) -> Array:
    return np.asarray(np.sign(values) * np.sqrt(np.abs(values)), np.float32)


def _area_means(side: int) -> Array:
    """Return the (PLACES, side) matrix that averages a line of `side` cells into PLACES parts of equal width."""
    edges = np.arange(PLACES + 1) * side / PLACES
    cells = np.arange(side)
    overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    return np.asarray(np.clip(overlap, 0, None) * PLACES / side, np.float32)
