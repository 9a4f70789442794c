"""From a trained encoder to a `.tflite` file that LiteRT runs."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from jobs.files import write_bytes
from search.exceptions import TrainingError
from search.methods.model_files import EMBEDDING, PIXELS, with_checksum
from search.training.export.folded import FoldedEncoder, fold, run
from search.types import RGBImage

Precision = Literal["float16", "int8"]
MIN_CALIBRATION_IMAGES = 16
"""Fewer pictures than these tell too little about what numbers flow through a network."""


def export_tflite(
    model: Any,
    path: Path,
    dtype: Precision = "float16",
    *,
    side: int = 64,
    images: Iterable[RGBImage] = (),
) -> int:
    """Write an encoder as a `.tflite` file, with its checksum behind it.

    The file takes one image of (side, side, 3) RGB pixels of 0..255, called "pixels", and gives one row of L2 norm 1,
    called "embedding". The head that sees places is left out. TensorFlow converts it, whatever trained it.

    Parameters
    ----------
    model : FoldedEncoder, or keras.Model of `search.training.network.build`
    path : the file, replaced at once when it is whole
    dtype : "float16": weights of 16 bits, computed in float32, pixels float32; "int8": weights and all in between of
        8 bits, quantized by what flows through on `images`, pixels uint8
    side : height and width of the input, in pixels
    images : ndarrays of shape (side, side, 3), dtype uint8; for int8 only, at least 16

    Returns
    -------
    num_bytes : size of the file

    Raises
    ------
    TrainingError : too few images to quantize by
    """
    encoder = model if isinstance(model, FoldedEncoder) else fold(model)
    content = with_checksum(_convert(encoder, dtype, side, list(images)))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content)
    return len(content)


def _convert(encoder: FoldedEncoder, dtype: Precision, side: int, images: list[RGBImage]) -> bytes:
    if dtype == "int8" and len(images) < MIN_CALIBRATION_IMAGES:
        raise TrainingError("too_few_to_calibrate", least=MIN_CALIBRATION_IMAGES, num=len(images))
    import tensorflow as tf

    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it logs each file that it writes in passing
    module = tf.Module()
    module.encode = tf.function(
        lambda pixels: {EMBEDDING: run(encoder, pixels, tf)},
        input_signature=[tf.TensorSpec((1, side, side, 3), tf.float32, name=PIXELS)],
        autograph=False,
    )
    # By way of a saved model, whose signature names the input and the output.
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={"serving_default": module.encode})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if dtype == "float16":
            converter.target_spec.supported_types = [tf.float16]
        else:
            converter.representative_dataset = lambda: _one_by_one(images)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.uint8
        return bytes(converter.convert())


def _one_by_one(images: list[RGBImage]) -> Iterator[list[np.ndarray[Any, Any]]]:
    for image in images:
        # Float, also for a model of 8 bits: the converter looks at what flows before it rounds.
        yield [image[None].astype(np.float32)]
