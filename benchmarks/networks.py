"""How good and how fast the networks of the content method are, one beside the other on the same photographs.

    python benchmarks/networks.py --images FOLDER [--networks NAME ...] [--out FILE] [--json]

The folder of a photograph is its label. Each network describes every photograph as the content method does, fitting
included, on one thread; its time is the processor's, so what else the machine does hardly counts. "reduced_map" is the
figure of the rows in the basis of 256 directions that a large generation scans.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import command_line, describe_machine
from search.evaluation.metrics import mean_average_precision
from search.generations.pca import principal_directions
from search.methods.base import normalize_rows
from search.methods.deep import Deep
from search.methods.model_files import find_model_file
from search.types import RGBImage, Vectors

SIDE = 512
"""Longest side of the images that methods see."""
REDUCED = 256
NETWORKS = ("compact", "lite0", "lite1", "lite2")
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def load_images(folder: Path) -> tuple[list[RGBImage], np.ndarray]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    images = []
    for path in paths:
        with Image.open(path) as picture:
            picture.thumbnail((SIDE, SIDE))
            images.append(np.asarray(picture.convert("RGB")))
    return images, np.array([path.parent.name for path in paths])


def measure(name: str, images: list[RGBImage], labels: np.ndarray, models: Path) -> dict[str, Any]:
    options = {"backbone": name, "models_dir": models}
    deep = Deep(options)
    if (instead := deep.stands_in()) is not None:
        raise SystemExit(f"{name}: {instead}")
    deep.warm_up()
    rows, spent = [], []
    for image in images:
        began = time.process_time()
        rows.append(deep.describe([image])[0])
        spent.append(time.process_time() - began)
    vectors = np.stack(rows)
    found = {"network": name, "numbers": deep.dim, "map": _map(vectors, labels)}
    if deep.dim > REDUCED:
        directions, _kept = principal_directions(vectors)
        found["reduced_map"] = _map(normalize_rows(vectors @ directions[:, :REDUCED]), labels)
    found["ms"] = round(float(np.median(spent)) * 1e3, 2)
    found["p95_ms"] = round(float(np.percentile(spent, 95)) * 1e3, 2)
    found["file_bytes"] = find_model_file(options).path.stat().st_size
    return found


def _map(rows: Vectors, labels: np.ndarray) -> float:
    return round(mean_average_precision(rows @ rows.T, labels), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, metavar="FOLDER", help="one folder per label")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, metavar="NAME", help="as DEEP_BACKBONE names them")
    parser.add_argument("--json", action="store_true", help="print the JSON")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the JSON there")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    images, labels = load_images(arguments.images)
    with tempfile.TemporaryDirectory() as models:
        runs = [measure(name, images, labels, Path(models)) for name in arguments.networks]
    data = f"{len(images):,} photographs of {arguments.images.name} in {len(set(labels))} folders, each folder a label"
    document = {"machine": describe_machine(), "command": command_line(), "data": data, "runs": runs}
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.json:
        print(json.dumps(document))
        return
    print(f"{'network':<10}{'numbers':>8}{'mAP':>9}{'ms':>8}{'p95':>8}{'MB':>8}")
    for run in runs:
        print(
            f"{run['network']:<10}{run['numbers']:>8}{run['map']:>9.4f}{run['ms']:>8.2f}{run['p95_ms']:>8.2f}"
            f"{run['file_bytes'] / 1e6:>8.1f}"
        )


if __name__ == "__main__":
    main()
