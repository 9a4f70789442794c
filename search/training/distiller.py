"""The loss by which an encoder learns from a teacher. Imports Keras: import it where Keras is wanted."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class Distiller(keras.Model):  # type: ignore[misc]
    """An encoder with what its training minimises.

    wholes: 1 - cosine to the target of the picture; likeness: squared difference between the similarity matrices of
    the batch, so that pictures come to lie towards each other as they do for the teacher (relational distillation:
    Park, Kim, Lu and Cho, CVPR 2019; Tung and Mori, ICCV 2019); places: 1 - cosine to the targets of its places.

    Parameters
    ----------
    encoder : keras.Model of `search.training.network.build`
    likeness_weight, places_weight : of these losses; wholes counts 1
    """

    def __init__(self, encoder: Any, likeness_weight: float, places_weight: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.weights_of = {"wholes": 1.0, "likeness": likeness_weight, "places": places_weight}
        self.means = [keras.metrics.Mean(name=name) for name in self.weights_of]

    def call(self, pixels: Any, training: bool = False) -> Any:
        """Return rows and places of the encoder."""
        return self.encoder(pixels, training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the weighted sum of the three losses."""
        (rows, places), (target, target_places) = y_pred, (ops.convert_to_tensor(each, "float32") for each in y)
        # The encoder gives lengths too, which nobody uses: rows are compared by their direction. In 32 bits, since
        # cosines near 1 would all be 1 in 16.
        rows, places = (ops.normalize(ops.cast(each, "float32"), axis=-1) for each in (rows, places))
        likeness = ops.matmul(rows, ops.transpose(rows)) - ops.matmul(target, ops.transpose(target))
        losses = {
            "wholes": 1 - ops.mean(ops.sum(rows * target, axis=-1)),
            "likeness": ops.mean(ops.square(likeness)),
            "places": 1 - ops.mean(ops.sum(places * target_places, axis=-1)),
        }
        for mean, loss in zip(self.means, losses.values(), strict=True):
            # Keras notes only the sum by itself.
            mean.update_state(ops.stop_gradient(loss))
        return sum(self.weights_of[name] * loss for name, loss in losses.items())
