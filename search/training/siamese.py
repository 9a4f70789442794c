"""Training of siamese networks: two branches that share their weights, pulled together or pushed apart by pairs.

The code is Keras 3 and runs on any of its backends. A trained branch is handed back as arrays, which NumPy runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import TrainingError
from search.methods.branches import BITS, koch
from search.training.pairs import Draw
from search.training.projection import principal

Arrays = dict[str, NDArray[np.float32]]
OnEpoch = Callable[[int, float], None]
"""Called after each round with the rounds done and the mean loss."""


@dataclass(frozen=True, slots=True)
class SiameseRecipe:
    """How a network is trained."""

    epochs: int  # rounds; each draws its pairs again
    rate: float  # first learning rate of Adam; it falls to 0 by a cosine
    margin: float  # distance beyond which pairs that do not belong together are left alone
    quantization: float  # weight of the distance between numbers and their signs
    balance: float  # weight of the mean of each number, which keeps bits undecided over all
    batch: int = 256
    max_pairs: int = 200_000  # of one round

    def with_epochs(self, epochs: int) -> SiameseRecipe:
        """Return the same recipe with so many rounds."""
        return replace(self, epochs=epochs)


HEAD_RECIPE = SiameseRecipe(epochs=20, rate=3e-4, margin=1.3, quantization=0.2, balance=0.1)
"""Measured on copies of held-out images; see docs/methods.md."""
KOCH_RECIPE = SiameseRecipe(epochs=5, rate=1e-4, margin=1.0, quantization=0.0, balance=0.0, batch=16, max_pairs=1600)
"""The textbook's margin; about five minutes a round on one core."""


def contrastive_loss(recipe: SiameseRecipe) -> Callable[[Any, Any], Any]:
    """Return the loss of one batch of pairs.

    Parameters
    ----------
    recipe : for margin and weights

    Returns
    -------
    loss : takes `same` of shape (n, 1), 1 or 0, and the rows of both branches side by side, shape (n, 2 dim);
        gives shape (n,)

    Notes
    -----
    Hadsell, Chopra and LeCun, "Dimensionality reduction by learning an invariant mapping" (CVPR 2006): with the
    distance d, d^2 for pairs that belong together, max(0, margin - d)^2 for others. Added for the hash code: how far
    sqrt(dim) times each number is from -1 or 1 (unit rows), and how far the mean of each number is from 0.
    """
    from keras import ops

    def loss(same: Any, both: Any) -> Any:
        one, other = ops.split(both, 2, axis=1)
        same = ops.cast(same[:, 0], both.dtype)
        squares = ops.sum(ops.square(one - other), axis=1)
        # A little inside of the root, whose slope at 0 is infinite.
        gap = ops.maximum(0.0, recipe.margin - ops.sqrt(squares + 1e-9))
        total = same * squares + (1 - same) * ops.square(gap)
        if recipe.quantization:
            from_signs = ops.square(ops.abs(both) * one.shape[1] ** 0.5 - 1)
            total = total + recipe.quantization * ops.mean(from_signs, axis=1)
        if recipe.balance:
            total = total + recipe.balance * ops.sum(ops.square(ops.mean(both, axis=0)))
        return total

    return loss


def train_head(
    start: tuple[NDArray[np.floating], NDArray[np.floating]],
    inputs: NDArray[np.float32],
    draw: Draw,
    recipe: SiameseRecipe,
    seed: int,
    on_epoch: OnEpoch,
) -> Arrays:
    """Train one layer on the content network's rows.

    Parameters
    ----------
    start : weights of shape (dim, 128) and bias of shape (128,)
    inputs : ndarray of shape (n, dim)
    draw : of pairs
    recipe, seed : how
    on_epoch : see `OnEpoch`

    Returns
    -------
    arrays : "weights" and "bias", as `search.methods.branches.Branch` expects them

    Raises
    ------
    TrainingError : the loss is no number any more
    """
    import keras

    keras.utils.set_random_seed(seed)
    entrance = keras.Input((inputs.shape[1],))
    layer = keras.layers.Dense(BITS)
    branch = keras.Model(entrance, keras.layers.UnitNormalization()(layer(entrance)))
    layer.set_weights(list(start))
    _fit(branch, inputs, draw, recipe, seed, on_epoch)
    weights, bias = layer.get_weights()
    return {"weights": weights, "bias": bias}


def train_koch(pictures: NDArray[np.uint8], draw: Draw, recipe: SiameseRecipe, seed: int, on_epoch: OnEpoch) -> Arrays:
    """Train the textbook network from random numbers, then fit the layer that makes 128 numbers of its 4096.

    Parameters
    ----------
    pictures : ndarray of shape (n, 105, 105), uint8, see `koch.prepare`
    draw, recipe, seed, on_epoch : see `train_head`

    Returns
    -------
    arrays : as `search.methods.branches.Branch` expects them

    Raises
    ------
    TrainingError : the loss is no number any more
    """
    import keras

    keras.utils.set_random_seed(seed)
    branch = build_koch()
    _fit(branch, pictures[..., None], draw, recipe, seed, on_epoch)
    numbers = iter(branch.get_weights())
    arrays = {name: np.asarray(next(numbers), np.float32) for name in koch.SHAPES}
    arrays["weights"], arrays["bias"] = principal(_run(branch, pictures[..., None], recipe.batch), BITS, seed)
    return arrays


def build_koch() -> Any:
    """Return the textbook's branch as a keras.Model: (n, 105, 105, 1) of 0..255 to (n, 4096) of 0..1."""
    import keras
    from keras import layers

    pixels = keras.Input((koch.SIDE, koch.SIDE, 1))
    maps = layers.Rescaling(1 / 255)(pixels)
    for number, (kernel, filters) in enumerate(koch.CONVOLUTIONS):
        maps = layers.Conv2D(filters, kernel, activation="relu")(maps)
        if number < len(koch.CONVOLUTIONS) - 1:
            maps = layers.MaxPooling2D()(maps)
    return keras.Model(pixels, layers.Dense(koch.UNITS, activation="sigmoid")(layers.Flatten()(maps)))


def _fit(branch: Any, inputs: NDArray[Any], draw: Draw, recipe: SiameseRecipe, seed: int, on_epoch: OnEpoch) -> None:
    """Train both branches, which are one, on pairs drawn for each round."""
    import keras

    sides = [keras.Input(inputs.shape[1:]) for _ in range(2)]
    both = keras.Model(sides, keras.layers.Concatenate()([branch(side) for side in sides]))
    both.compile(keras.optimizers.Adam(recipe.rate), contrastive_loss(recipe))
    generator = np.random.default_rng(seed)
    for done in range(recipe.epochs):
        both.optimizer.learning_rate = recipe.rate * 0.5 * (1 + np.cos(np.pi * done / recipe.epochs))
        pairs = draw(_run(branch, inputs, recipe.batch), generator)
        order = generator.permutation(len(pairs))[: recipe.max_pairs]
        losses = []
        for start in range(0, len(order), recipe.batch):
            chosen = pairs.take(order[start : start + recipe.batch])
            same = chosen.same[:, None].astype(np.float32)
            losses.append(float(both.train_on_batch([inputs[chosen.first], inputs[chosen.second]], same)))
        if not np.isfinite(losses).all():
            raise TrainingError("loss_not_finite")
        on_epoch(done + 1, float(np.mean(losses)))


def _run(branch: Any, inputs: NDArray[Any], batch: int) -> NDArray[np.float32]:
    """Return the branch's outputs for all inputs; shape (n, outputs)."""
    parts = [branch.predict_on_batch(inputs[start : start + batch]) for start in range(0, len(inputs), batch)]
    return np.concatenate(parts).astype(np.float32)
