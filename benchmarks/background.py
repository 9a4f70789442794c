"""Makes the background that ships: how alike random photographs are, by each method and version.

    python benchmarks/background.py --images FOLDER [FOLDER ...] [--per-folder 10] [--source TEXT] [--out FILE]

The photographs should show many things, a few of each: of every folder within these so many are taken, and of
copies of one picture one. Describes them by every method and by every network that works here (those from packages, and
the built-in encoder), compares random pairs as a generation does, and writes knots of the fitted tables; no image is
kept. Versions that the file has already and that are not measured now stay in it. Run it again when the version of a
method has changed: until then that method goes by the pairs of the library alone.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from search.methods import METHODS, DerivedMethod, Method, load_method
from search.scoring.background import FILE, Background, Key, read_backgrounds, write_backgrounds
from search.scoring.calibration import Calibration, Sampling, fit, sample_cosines, sample_scores
from search.scoring.copies import find_copies, without_copies
from search.types import RGBImage, Vectors

CONTENT = ("deep", "siamese")
NETWORKS = ("lite0", "lite1", "lite2", "compact")
BATCH, SEED, SIDE = 32, 20, 512
SAMPLING = Sampling(rows=2500, queries=600, partners=300)
STEP = 0.04
"""Decades between two knots of a table."""
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def paths_of(folders: list[Path], per_folder: int) -> list[Path]:
    """Return all photographs that lie in the folders themselves, and the first of each folder within them."""
    found: dict[Path, list[Path]] = {}
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
        found.setdefault(path.parent, []).append(path)
    return [path for folder, paths in found.items() for path in paths[: None if folder in folders else per_folder]]


def load(path: Path) -> RGBImage:
    with Image.open(path) as picture:
        picture.thumbnail((SIDE, SIDE))
        return np.asarray(picture.convert("RGB"))


def methods_of(options: Mapping[str, Mapping[str, Any]]) -> Iterator[Method]:
    """Yield every method that works here, those about content once for each network."""
    for name in METHODS:
        if name not in CONTENT:
            yield load_method(name, options.get(name))
    for network in NETWORKS:
        chosen = {**options["deep"], "backbone": network, "weights": None}
        content = load_method("deep", chosen)
        siamese = load_method("siamese", {**options["siamese"], "deep": chosen})
        yield from (each for each in (content, siamese) if each.unavailable() is None)


def describe(methods: Sequence[Method], paths: Sequence[Path]) -> dict[Key, Vectors]:
    """Return the vectors of photographs by method and version; rows that follow from others' are derived from them."""
    derived = [each for each in methods if isinstance(each, DerivedMethod) and each.derives]
    found: dict[Key, list[Vectors]] = {(each.name, each.version): [] for each in methods if each not in derived}
    for start in range(0, len(paths), BATCH):
        images = [load(path) for path in paths[start : start + BATCH]]
        for each in methods:
            if each not in derived:
                found[each.name, each.version].append(each.describe(images))
        print(f"{start + len(images)} of {len(paths)} described", end="\r", file=sys.stderr)
    vectors = {key: np.concatenate(rows) for key, rows in found.items()}
    for each in derived:
        origin = load_method(each.source, each.options["deep"])
        vectors[each.name, each.version] = each.derive(vectors[origin.name, origin.version])
    return vectors


def distinct(methods: Sequence[Method], vectors: Mapping[Key, Vectors]) -> NDArray[np.bool_]:
    """Tell of each photograph whether it stays when of copies of one picture only one does."""
    held, used = {}, {}
    for method in methods:
        rows = vectors[method.name, method.version]
        held[method.name], used[method.name] = (rows, np.ones(len(rows), bool)), method
    num = len(next(iter(vectors.values())))
    return without_copies(num, find_copies(held, used, num))


def measure(method: Method, vectors: Vectors) -> Background:
    """Compare random pairs, and keep the knots of the fitted table."""
    rows = np.arange(len(vectors))
    if method.pairwise or method.reranks:
        scores = sample_scores(method.scores, vectors, rows, SEED, SAMPLING)
    else:
        scores = sample_cosines(vectors, rows, SEED, SAMPLING)
    return knots_of(fit(scores), len(rows))


def knots_of(table: Calibration, num_images: int) -> Background:
    """Return the nodes of a table at which its decades pass a step, and those before: steps stay upright."""
    levels = np.arange(0, table.decades[-1] + STEP, STEP)
    passed = np.minimum(np.searchsorted(table.decades, levels), len(table.decades) - 1)
    nodes = np.unique(np.concatenate([passed, np.maximum(passed - 1, 0), [len(table.decades) - 1]]))
    scores = np.round(np.linspace(table.low, table.high, len(table.decades))[nodes], 5)
    # Nodes may come to lie on one another when they are rounded; the first says the least.
    kept = np.flatnonzero(np.diff(scores, prepend=-np.inf) > 0)
    return Background(scores[kept], table.decades[nodes][kept], num_images, table.num_pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, nargs="+", required=True, metavar="FOLDER")
    parser.add_argument("--per-folder", type=int, default=10, help="photographs of each folder")
    parser.add_argument("--source", default="", help="what the photographs are, for the file")
    parser.add_argument("--out", type=Path, default=FILE, metavar="FILE")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.conf import settings

    paths = paths_of(arguments.images, arguments.per_folder)
    methods = list(methods_of(settings.SEARCH_METHOD_OPTIONS))
    vectors = describe(methods, paths)
    kept = distinct(methods, vectors)
    found = read_backgrounds(arguments.out) if arguments.out.exists() else {}
    for method in methods:
        key = (method.name, method.version)
        found[key] = measure(method, vectors[key][kept])
        print(f"{method.name} {method.version}: {found[key].num_pairs:,} pairs")
    source = arguments.source or f"{len(paths)} of {', '.join(folder.name for folder in arguments.images)}"
    write_backgrounds(arguments.out, found, source)


if __name__ == "__main__":
    main()
