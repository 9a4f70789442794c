"""How long a map takes to lay out and to place new images in, and how many neighbors it keeps.

    python benchmarks/map.py [--images FOLDER] [--method deep] [--rows 20000] [--placed 5000] [--json]

Describes the photographs of a folder with one folder per label. Neighbors kept: of each image's five nearest, how many
share its label; among all numbers of its row, in the layout, and for a fifth of the images that were placed into the
layout of the others. Times are taken over as many rows as `--rows` says, the photographs' own with a little noise.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import command_line, describe_machine
from benchmarks.reduction import load_methods
from search.map.projection import along, fit_directions, plane_of
from search.map.tsne import fit_tsne, nearest, place_tsne

SEED, NEIGHBORS, NOISE = 20, 5, 0.3
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
BATCH = 64


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a call returns, and its wall seconds."""
    began = time.perf_counter()
    return work(), round(time.perf_counter() - began, 2)


def describe(folder: Path, name: str) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Return one method's rows of the labelled photographs of a folder, and their labels."""
    from benchmarks.ann import photographs

    methods = load_methods([name])
    if name not in methods:
        sys.exit(f"The method {name} cannot be used here; see `manage.py doctor`.")
    rows, labels = [], []
    for label in sorted(path.name for path in folder.iterdir() if path.is_dir()):
        images = list(photographs(folder / label))
        rows += [methods[name].describe(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
        labels += [label] * len(images)
    return np.concatenate(rows).astype(np.float32), np.array(labels)


def purity(
    points: NDArray[np.float32],
    labels: NDArray[np.str_],
    among: NDArray[np.float32] | None = None,
    among_labels: NDArray[np.str_] | None = None,
) -> float:
    """Return the share of nearest neighbors that have the same label."""
    others, other_labels = (points, labels) if among is None or among_labels is None else (among, among_labels)
    found, _distances = nearest(points, others, NEIGHBORS, itself=among is not None)
    return round(float((other_labels[found] == labels[:, None]).mean()), 4)


def neighbors_kept(rows: NDArray[np.float32], labels: NDArray[np.str_]) -> dict[str, Any]:
    """Return how many neighbors share a label, in full and on the map."""
    directions = fit_directions(rows)
    reduced = along(directions, rows)
    layout = fit_tsne(reduced, SEED)
    fitted = np.random.default_rng(SEED).random(len(rows)) < 0.8
    part = fit_directions(rows[fitted])
    reference, fresh = along(part, rows[fitted]), along(part, rows[~fitted])
    points = fit_tsne(reference, SEED)
    places = place_tsne(fresh, reference, points)
    return {
        "photographs": len(rows),
        "plane_variance": round(directions.plane, 4),
        "kept_variance": round(directions.kept, 4),
        "all_numbers": purity(rows, labels),
        "tsne": purity(layout, labels),
        "tsne_placed": purity(places, labels[~fitted], points, labels[fitted]),
        "pca": purity(plane_of(reduced), labels),
    }


def times(rows: NDArray[np.float32], num_rows: int, num_placed: int) -> dict[str, Any]:
    """Return how long the parts of drawing a map take."""
    rng = np.random.default_rng(SEED)
    many = rows[rng.integers(0, len(rows), num_rows + num_placed)]
    # Repeated rows would lie at no distance from each other, as images of a library hardly do.
    many += rng.normal(0, NOISE * rows.std(), many.shape).astype(np.float32)
    directions, directions_seconds = timed(lambda: fit_directions(many[:num_rows]))
    reduced = along(directions, many)
    points, layout_seconds = timed(lambda: fit_tsne(reduced[:num_rows], SEED))
    _places, placing_seconds = timed(lambda: place_tsne(reduced[num_rows:], reduced[:num_rows], points))
    _place, one_seconds = timed(lambda: place_tsne(reduced[-1:], reduced[:num_rows], points))
    return {
        "rows": num_rows,
        "directions_seconds": directions_seconds,
        "layout_seconds": layout_seconds,
        "placed": num_placed,
        "placing_seconds": placing_seconds,
        "placing_one_seconds": one_seconds,
    }


def main() -> None:
    default = Path(os.environ.get("LIKENESS_DATA", ""), "caltech-dev")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, default=default, help="folder with one folder per label")
    parser.add_argument("--method", default="deep")
    parser.add_argument("--rows", type=int, default=20_000, help="rows to lay out")
    parser.add_argument("--placed", type=int, default=5_000, help="rows to place into them")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.images.is_dir():
        sys.exit(f"{options.images} is not a folder; name one with one folder per label by --images.")
    rows, labels = describe(options.images, options.method)
    found = {
        "method": options.method,
        "dim": rows.shape[1],
        "neighbors": neighbors_kept(rows, labels),
        "times": times(rows, options.rows, options.placed),
        "machine": describe_machine(),
        "command": command_line(),
    }
    if options.json:
        print(json.dumps(found))
        return
    for part in ("neighbors", "times"):
        print(", ".join(f"{name} {value}" for name, value in found[part].items()))


if __name__ == "__main__":
    main()
