"""The encoder with weights of 8 bits, for small devices, measured beside the file it comes from."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.evaluation.metrics import mean_average_precision
from search.exceptions import TrainingError
from search.methods.base import normalize_rows
from search.methods.engines import Network, load_network
from search.methods.model_files import find_model_file
from search.training.export.folded import read_tflite
from search.training.export.tflite import MIN_CALIBRATION_IMAGES, export_tflite

Pictures = NDArray[np.uint8]
"""Shape (n, side, side, 3), RGB, as the encoder takes them."""

_TIMED = 40
_WARM = 5


@dataclass(frozen=True, slots=True)
class Judged:
    """Pictures by which two encoders are compared."""

    pictures: Pictures
    labels: NDArray[np.str_]  # (n,); empty where unknown


def input_side(source: Path) -> int:
    """Return height and width of the pictures that an encoder takes.

    Raises
    ------
    WeightsError : damaged, or no encoder
    TrainingError : not square
    """
    height, width = _load(source).size
    if height != width:
        raise TrainingError("picture_not_square", path=source, width=width, height=height)
    return height


def export_edge_model(source: Path, path: Path, calibration: Pictures, judged: Judged) -> dict[str, Any]:
    """Write an encoder with weights, and all in between, of 8 bits, and compare it with the one it comes from.

    Parameters
    ----------
    source : `.tflite` file with weights of 16 or 32 bits
    path : the file to write, replaced at once when it is whole
    calibration : pictures by which the ranges of the numbers are set
    judged : pictures by which both are compared

    Returns
    -------
    report : "float" and "int8" with "bytes", "ms" (per picture, one thread; median) and "map" (None with too few
        labels); "cosine" with "mean", "p5" and "least" over the pictures; "map_lost", or None

    Raises
    ------
    WeightsError : the source is no encoder, or of 8 bits already
    TrainingError : too few pictures
    """
    if len(calibration) < MIN_CALIBRATION_IMAGES:
        raise TrainingError("too_few_to_calibrate", least=MIN_CALIBRATION_IMAGES, num=len(calibration))
    if len(judged.pictures) < MIN_CALIBRATION_IMAGES:
        raise TrainingError("too_few_to_check", least=MIN_CALIBRATION_IMAGES, num=len(judged.pictures))
    export_tflite(read_tflite(source), path, "int8", side=calibration.shape[1], images=calibration)
    networks = {"float": _load(source), "int8": _load(path)}
    rows = {name: normalize_rows(network.run(judged.pictures)) for name, network in networks.items()}
    cosines = np.sum(rows["float"] * rows["int8"], axis=1)
    found = {name: _map(each, judged.labels) for name, each in rows.items()}
    report: dict[str, Any] = {
        name: {"bytes": file.stat().st_size, "ms": _milliseconds(networks[name], judged.pictures), "map": found[name]}
        for name, file in (("float", source), ("int8", path))
    }
    report["cosine"] = _spread(cosines)
    report["pictures"] = {"calibrated_by": len(calibration), "judged_by": len(judged.pictures)}
    known = found["float"] is not None and found["int8"] is not None
    report["map_lost"] = round(found["float"] - found["int8"], 4) if known else None  # type: ignore[operator]
    return report


def in_words(report: Mapping[str, Any]) -> str:
    """Return a parity report as a table of text."""
    lines = [f"{'':<8}{'MB':>8}{'ms':>8}{'mAP':>8}"]
    for name in ("float", "int8"):
        part = report[name]
        precision = "-" if part["map"] is None else f"{part['map']:.4f}"
        lines.append(f"{name:<8}{part['bytes'] / 1e6:>8.2f}{part['ms']:>8.2f}{precision:>8}")
    cosine, pictures = report["cosine"], report["pictures"]
    lines.append(
        f"Cosine to float over {pictures['judged_by']} pictures: mean {cosine['mean']:.4f}, "
        f"5 % below {cosine['p5']:.4f}, least {cosine['least']:.4f}."
    )
    if report["map_lost"] is None:
        lines.append("mAP was not measured: it takes at least 20 pictures with labels that several of them share.")
    return "\n".join(lines)


def _load(path: Path) -> Network:
    return load_network(find_model_file({"weights": path}))


def _map(rows: NDArray[np.float32], labels: NDArray[np.str_]) -> float | None:
    known = labels != ""
    names, counts = np.unique(labels[known], return_counts=True)
    if np.count_nonzero(known) < 20 or len(names) < 2 or counts.max() < 2:
        return None
    kept = rows[known]
    return round(mean_average_precision(kept @ kept.T, labels[known]), 4)


def _spread(cosines: NDArray[np.float32]) -> dict[str, float]:
    figures = {"mean": cosines.mean(), "p5": np.percentile(cosines, 5), "least": cosines.min()}
    return {name: round(float(value), 5) for name, value in figures.items()}


def _milliseconds(network: Network, pictures: Pictures) -> float:
    """Return the median time of one picture."""
    # One at a time, as phones do; the first runs fill caches and are not counted.
    one, spent = pictures[:1], []
    for _repeat in range(_WARM + _TIMED):
        began = time.perf_counter()
        network.run(one)
        spent.append(time.perf_counter() - began)
    return round(statistics.median(spent[_WARM:]) * 1e3, 3)
