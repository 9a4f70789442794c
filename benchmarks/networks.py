"""How good and how fast the networks of the content method are, one beside the other on the same photographs.

    python benchmarks/networks.py --images FOLDER [--networks NAME ...] [--copies N] [--out FILE] [--json]

The folder of a photograph is its label. Each network describes every photograph as the content method does, fitting
included, on one thread; its time is the processor's, so what else the machine does hardly counts. "reduced_map" is the
figure of the rows in the basis of 256 directions that a large generation scans. With --copies, so many photographs are
edited in every way that `search.evaluation.augmentations` knows, and content, the siamese head that fits it, and both
at their default weights stand beside one another: mAP by label, copies whose original comes first among all
photographs, copies within the reach of the hash search.
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
from search.evaluation.augmentations import EDITS, edit
from search.evaluation.metrics import mean_average_precision
from search.generations.pca import principal_directions
from search.methods.base import normalize_rows
from search.methods.deep import Deep
from search.methods.model_files import find_model_file
from search.methods.siamese import Siamese
from search.scoring.calibration import fit, rarity_of, sample_cosines
from search.scoring.fusion import DEFAULT_WEIGHTS
from search.training.adoption import RADIUS
from search.types import RGBImage, Vectors

SIDE = 512
"""Longest side of the images that methods see."""
REDUCED = 256
SEED = 20
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


def measure(name: str, images: list[RGBImage], labels: np.ndarray, models: Path, num_copied: int) -> dict[str, Any]:
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
    siamese = Siamese({"folder": None, "deep": options})
    if num_copied and siamese.unavailable() is None:
        chosen = np.linspace(0, len(images) - 1, num_copied).round().astype(np.int64)
        found["head"] = measure_head(deep, siamese, vectors, labels, [images[row] for row in chosen], chosen)
    return found


def measure_head(
    deep: Deep,
    siamese: Siamese,
    vectors: Vectors,
    labels: np.ndarray,
    copied: list[RGBImage],
    owners: np.ndarray,
) -> dict[str, dict[str, float]]:
    """Compare content, the head and both, by labels and on edited copies of the photographs `copied`."""
    edited = [edit(name, image, SEED + number) for number, image in enumerate(copied) for name in EDITS]
    originals = {"deep": vectors, "siamese": siamese.derive(vectors)}
    copies = {"deep": np.concatenate([deep.describe([image]) for image in edited])}
    copies["siamese"] = siamese.derive(copies["deep"])
    together, among = _rarities(originals, originals), _rarities(copies, originals)
    owners = np.repeat(owners, len(EDITS))
    figures = {
        name: {
            "map": round(mean_average_precision(together[name], labels), 4),
            "copies_first": round(float((among[name].argmax(axis=1) == owners).mean()), 4),
        }
        for name in together
    }
    differing = np.bitwise_count(siamese.codes(copies["siamese"]) ^ siamese.codes(originals["siamese"])[owners])
    figures["siamese"]["within_7_bits"] = round(float((differing.sum(axis=1) <= RADIUS).mean()), 4)
    return figures


def _rarities(queries: dict[str, Vectors], gallery: dict[str, Vectors]) -> dict[str, np.ndarray]:
    """Return scores of all queries against all photographs by each method, and fused as a search does."""
    cosines = {name: queries[name] @ rows.T for name, rows in gallery.items()}
    fused = sum(
        DEFAULT_WEIGHTS[name]
        * rarity_of(fit(sample_cosines(rows, np.arange(len(rows)), SEED)).decades_of(cosines[name]))
        for name, rows in gallery.items()
    )
    return {**cosines, "both": np.asarray(fused)}


def _map(rows: Vectors, labels: np.ndarray) -> float:
    return round(mean_average_precision(rows @ rows.T, labels), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, metavar="FOLDER", help="one folder per label")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, metavar="NAME", help="as DEEP_BACKBONE names them")
    parser.add_argument(
        "--copies", type=int, default=0, metavar="N", help="edit so many, and measure the siamese heads"
    )
    parser.add_argument("--json", action="store_true", help="print the JSON")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the JSON there")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    images, labels = load_images(arguments.images)
    with tempfile.TemporaryDirectory() as models:
        runs = [measure(name, images, labels, Path(models), arguments.copies) for name in arguments.networks]
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
        for name, figures in run.get("head", {}).items():
            print(f"  {name:<10}" + "".join(f"  {figure} {value:.4f}" for figure, value in figures.items()))


if __name__ == "__main__":
    main()
