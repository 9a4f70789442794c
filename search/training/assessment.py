"""What an exported encoder is worth: measured through the file that is used, on photographs it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.evaluation.metrics import mean_average_precision
from search.methods.color import Color
from search.methods.deep import Deep
from search.types import RGBImage, Vectors

MIN_PHOTOGRAPHS = 20
"""Fewer photographs than these support no figure."""


def assess(
    path: Path, images: Sequence[RGBImage], labels: NDArray[np.str_], targets: Vectors | None = None
) -> dict[str, Any] | None:
    """Measure mAP of an encoder beside that of color and of its targets.

    Parameters
    ----------
    path : the `.tflite` file
    images : n ndarrays of shape (H, W, 3), dtype uint8
    labels : shape (n,); what belongs together
    targets : shape (n, dim), float32, of length 1: what the teacher says, whitened

    Returns
    -------
    figures : "photographs", "labels", "map", "map_color", "times_color", "map_targets"; None with too few photographs
        or without two of one label
    """
    if len(images) < MIN_PHOTOGRAPHS or len(np.unique(labels)) in (1, len(labels)):
        return None
    # Through the file that is shipped, not the model in memory: conversion may cost something.
    found, color = (_map(method.describe(images), labels) for method in (Deep({"weights": path}), Color()))
    figures = {
        "photographs": len(images),
        "labels": len(np.unique(labels)),
        "map": round(found, 4),
        "map_color": round(color, 4),
        "times_color": round(found / max(color, 1e-9), 2),
    }
    return figures | ({} if targets is None else {"map_targets": round(_map(targets, labels), 4)})


def _map(vectors: Vectors, labels: NDArray[np.str_]) -> float:
    return mean_average_precision(np.asarray(vectors @ vectors.T, np.float32), labels)
