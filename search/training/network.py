"""The architecture of the built-in encoder: a small residual network in Keras 3, for any of its backends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

DIM = 256
"""Numbers per image."""
WIDTHS = (48, 96, 192)
"""Channels of the three stages; each halves the picture."""
DEPTH = 2
"""Residual blocks of a stage."""
STEM = 24
"""Channels of the first convolution, which halves the picture too."""


def build(widths: Sequence[int] = WIDTHS, depth: int = DEPTH, dim: int = DIM, stem: int = STEM) -> Any:
    """Build the encoder as it is trained: with a second output that sees places instead of the whole picture.

    Parameters
    ----------
    widths : channels of each stage
    depth : residual blocks of each stage
    dim : numbers of each output
    stem : channels of the first convolution

    Returns
    -------
    model : keras.Model; RGB pixels of 0..255, shape (n, height, width, 3), float32, to
        embedding : shape (n, dim), not normalized
        places : shape (n, height / 16, width / 16, dim), not normalized; needed in training only

    Notes
    -----
    Blocks as in He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (CVPR 2016), with average
    pooling in the shortcut (He et al., "Bag of tricks for image classification", CVPR 2019).
    """
    import keras

    pixels = keras.Input((None, None, 3), name="pixels")
    maps = keras.layers.Rescaling(1 / 127.5, -1)(pixels)
    maps = keras.layers.ReLU()(_convolution(maps, stem, "stem", stride=2))
    number = 0
    for width in widths:
        for position in range(depth):
            maps = _block(maps, width, 2 if position == 0 else 1, f"block{number}")
            number += 1
    embedding = keras.layers.Dense(dim, name="embedding")(keras.layers.GlobalAveragePooling2D()(maps))
    # From the maps, before they are averaged: only there is it known what lies where.
    places = keras.layers.Conv2D(dim, 1, name="places")(maps)
    return keras.Model(pixels, [embedding, places])


def _convolution(maps: Any, filters: int, name: str, *, stride: int = 1, kernel: int = 3) -> Any:
    from keras import layers

    # No bias, since the normalization that follows would take its mean away.
    shape = {"strides": stride, "padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
    maps = layers.Conv2D(filters, kernel, name=name, **shape)(maps)
    return layers.BatchNormalization(momentum=0.98, name=f"{name}_norm")(maps)


def _block(maps: Any, filters: int, stride: int, name: str) -> Any:
    from keras import layers

    inner = layers.ReLU()(_convolution(maps, filters, f"{name}_first", stride=stride))
    inner = _convolution(inner, filters, f"{name}_second")
    changes = stride > 1 or maps.shape[-1] != filters
    if stride > 1:
        # Averaged, not skipped: a strided shortcut would never look at three of four places.
        maps = layers.AveragePooling2D(stride, padding="same")(maps)
    if changes:
        maps = _convolution(maps, filters, f"{name}_shortcut", kernel=1)
    return layers.ReLU()(layers.Add()([maps, inner]))
