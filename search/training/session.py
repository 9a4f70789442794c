"""An encoder under training: one step after the other on any backend of Keras, saved and restored whole."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.files import whole_file
from search.exceptions import TrainingError
from search.training.network import build
from search.training.recipe import Recipe

Array = NDArray[np.float32]
Batch = tuple[Array, Array, Array]
"""Pixels (n, side, side, 3), targets of wholes (n, dim), targets of places (n, p, p, dim)."""


@contextmanager
def _computing(precision: str) -> Iterator[None]:
    """Let layers that are made meanwhile compute in so many bits; their weights have 32."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32" if precision == "float32" else f"mixed_{precision}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


class Session:
    """Network, optimizer and running mean of the weights.

    Parameters
    ----------
    recipe : see `Recipe`
    dim : numbers of a target
    """

    def __init__(self, recipe: Recipe, dim: int) -> None:
        import keras

        from search.training.distiller import Distiller

        keras.utils.set_random_seed(recipe.seed)
        self._stride = 2 ** (len(recipe.widths) + 1)  # the stem halves the picture too
        with _computing(recipe.precision):
            self.encoder = build(recipe.widths, recipe.depth, dim, recipe.stem)
        self._optimizer = keras.optimizers.AdamW(
            recipe.peak_rate, weight_decay=recipe.weight_decay, use_ema=True, ema_momentum=recipe.averaging
        )
        # Decay would draw these to 0 for nothing: they are few, and set the size of what they act on.
        self._optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self._optimizer.build(self.encoder.trainable_variables)
        self._distiller = Distiller(self.encoder, recipe.likeness_weight, recipe.places_weight)
        # XLA on a processor is slower than TensorFlow's own kernels.
        compiles = False if keras.backend.backend() == "tensorflow" else "auto"
        self._distiller.compile(optimizer=self._optimizer, jit_compile=compiles)
        self._figures: list[dict[str, float]] = []

    def learn(self, batch: Batch, rate: float) -> None:
        """Take one step."""
        pixels, rows, places = batch
        places = spread(places, -(-pixels.shape[1] // self._stride))
        self._optimizer.learning_rate = rate
        self._distiller.reset_metrics()  # some backends do so themselves
        figures = self._distiller.train_on_batch(pixels, (rows, places), return_dict=True)
        self._figures.append({name: float(value) for name, value in figures.items()})

    def figures(self) -> dict[str, float]:
        """Return the mean losses since this was last asked: loss, wholes, likeness, places."""
        noted, self._figures = self._figures, []
        return {name: float(np.mean([figures[name] for figures in noted])) for name in (noted or [{}])[0]}

    @contextmanager
    def averaged(self) -> Iterator[Any]:
        """Lend the encoder with the mean of its weights over the last steps, which is better than the last of them."""
        weights = self.encoder.get_weights()
        self._optimizer.finalize_variable_values(self.encoder.trainable_variables)
        self.encoder.set_weights(self.encoder.get_weights())  # or JAX takes the mean's own arrays, and uses them up
        try:
            yield self.encoder
        finally:
            self.encoder.set_weights(weights)

    def embed(self, pixels: NDArray[np.uint8]) -> Array:
        """Return rows of length 1 for pixels of shape (n, side, side, 3), by the mean of the weights."""
        with self.averaged() as encoder:
            rows = np.concatenate(
                [
                    np.asarray(encoder.predict_on_batch(pixels[start : start + 100].astype(np.float32))[0], np.float32)
                    for start in range(0, len(pixels), 100)
                ]
            )
        return np.asarray(rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-12), np.float32)

    def save(self, path: Path, progress: dict[str, Any]) -> None:
        """Write all that is needed to go on as if nothing had happened; the earlier file stays until this is whole."""
        arrays = {f"weights-{place}": array for place, array in enumerate(self.encoder.get_weights())}
        arrays |= {f"optimizer-{place}": each.numpy() for place, each in enumerate(self._optimizer.variables)}
        with whole_file(path) as file:
            np.savez(file, progress=np.array(json.dumps(progress)), **arrays)

    def restore(self, path: Path) -> dict[str, Any]:
        """Go back to what was saved, and return the progress saved with it.

        Raises
        ------
        TrainingError : damaged, or of another network
        """
        try:
            with path.open("rb") as file, np.load(file) as saved:
                weights = [saved[f"weights-{place}"] for place in range(len(self.encoder.weights))]
                states = [saved[f"optimizer-{place}"] for place in range(len(self._optimizer.variables))]
                progress: dict[str, Any] = json.loads(str(saved["progress"]))
            shapes = [tuple(each.shape) for each in (*self.encoder.weights, *self._optimizer.variables)]
            if [each.shape for each in (*weights, *states)] != shapes:
                raise TrainingError("of_another_network")
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, TrainingError) as error:
            cause = error if isinstance(error, TrainingError) else str(error)
            raise TrainingError("checkpoint_unusable", path=path, cause=cause) from error
        self.encoder.set_weights(weights)
        for variable, state in zip(self._optimizer.variables, states, strict=True):
            variable.assign(state)
        return progress


def spread(places: Array, number: int) -> Array:
    """Interpolate the targets of places between their centers.

    The teacher divides pictures into a fixed number of places, the encoder by its strides. Keras cannot do it: in a
    graph of TensorFlow the sizes are unknown once pictures of two sizes came.

    Parameters
    ----------
    places : shape (n, p, p, dim), float32, of length 1
    number : of rows and columns wanted

    Returns
    -------
    places : shape (n, number, number, dim), float32, of length 1
    """
    given = places.shape[1]
    if given == number:
        return places
    centers = np.clip((np.arange(number) + 0.5) * given / number - 0.5, 0, given - 1)
    weights = np.maximum(0, 1 - np.abs(centers[:, None] - np.arange(given))).astype(np.float32)
    between = np.einsum("ph,qw,nhwc->npqc", weights, weights, places, optimize=True)
    return np.asarray(between / (np.linalg.norm(between, axis=-1, keepdims=True) + 1e-9), np.float32)
