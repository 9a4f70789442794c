"""How often a picture is found by a remix of it among very many others, with what is proven first and without.

    python benchmarks/remixes.py --images FOLDER --distractors FOLDER [--queries 40] [--backbone compact]
        [--features FOLDER] [--json] [--out FILE]

Each picture drawn is remixed in every way of `search/evaluation/remixes.py`; insets and collages show pictures of the
same folder that are not searched. A generation of all other pictures and of the distractors is written by the product's
own assembly, and searched by the code of the search page, less the database. With --features, what pictures are
described by is kept there, so that a second run takes minutes less.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import command_line, describe_machine
from search.evaluation.remixes import OTHERS, REMIXES, remix
from search.generations.reader import LoadedGeneration, open_generation
from search.generations.write import IndexPlan, MethodSource, assemble
from search.index import choose_backend
from search.methods import METHODS, DerivedMethod, Method, load_method
from search.query.matching import match
from search.scoring.fusion import DEFAULT_WEIGHTS
from search.scoring.segments import Snapshot
from search.types import RGBImage, Vectors

LONGEST_SIDE = 512
CHUNK = 500
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
NOT_ASKED = ("texture", "words")  # without a weight of their own
OPTIONS: Mapping[str, Any] = {"k": 360, "rerank_depth": 400, "exact_max": 50_000}
ORDERS = {"score": False, "proof": True}


def load_methods(backbone: str) -> dict[str, Method]:
    """Return the methods that have a weight, those that are derived with their sources."""
    options: dict[str, Mapping[str, Any]] = {"deep": {"backbone": backbone}}
    found = {name: load_method(name, options.get(name, {})) for name in METHODS if name not in NOT_ASKED}
    for method in found.values():
        if isinstance(method, DerivedMethod):
            method.origin = found.get(method.source)
    return found


def read(path: Path) -> RGBImage:
    with Picture.open(path) as picture:
        shown = picture.convert("RGB")
    shown.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return np.asarray(shown, np.uint8)


def list_pictures(folder: Path) -> list[Path]:
    return sorted((path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES), key=Path.as_posix)


def describe(
    kind: str, paths: Sequence[Path], methods: Mapping[str, Method], kept: Path
) -> Iterator[dict[str, Vectors]]:
    """Yield what the pictures are described by, some at a time, from where it is kept if it is."""
    for start in range(0, len(paths), CHUNK):
        file = kept / f"{kind}_{start:06d}.npz"
        if not file.exists():
            pictures = [read(path) for path in paths[start : start + CHUNK]]
            np.savez(file, allow_pickle=False, **{name: method.describe(pictures) for name, method in methods.items()})
        with np.load(file, allow_pickle=False) as arrays:
            yield {name: arrays[name] for name in methods}


def search_for(
    loaded: LoadedGeneration,
    methods: Mapping[str, Method],
    query: Mapping[str, NDArray[Any]],
    image_id: int,
    *,
    first: bool,
) -> tuple[int | None, int, float]:
    """Return the rank of an image, how many others are proven, and the seconds that the search took."""
    snapshot = Snapshot((loaded.segment,), loaded.tables, 1)
    weights = {name: DEFAULT_WEIGHTS[name] for name in methods}
    began = time.process_time()
    found = match(snapshot, query, weights, methods, **OPTIONS, proof_first=first).results
    seconds = time.process_time() - began
    rank = next((result.rank for result in found if result.image_id == image_id), None)
    return rank, sum(result.proof > 0 and result.image_id != image_id for result in found), seconds


def measure(images: Path, distractors: Path, num_queries: int, backbone: str, kept: Path) -> dict[str, Any]:
    methods = load_methods(backbone)
    paths = list_pictures(images)
    generator = np.random.default_rng(5)
    drawn = generator.permutation(len(paths))[:num_queries]
    hosts = generator.permutation(np.setdiff1d(np.arange(len(paths)), drawn))[: OTHERS * num_queries]
    searched = np.setdiff1d(np.arange(len(paths)), hosts)
    others = list_pictures(distractors)
    others = [others[place] for place in np.random.default_rng(0).permutation(len(others))]
    parts = [*describe("dev", paths, methods, kept)]
    own = {name: np.concatenate([part[name] for part in parts])[searched] for name in methods}
    strange = [*describe("zip", others, methods, kept)]
    rows = {name: np.concatenate([own[name], *(part[name] for part in strange)]) for name in methods}
    ids = np.arange(1, len(rows["color"]) + 1)
    ranks: dict[str, dict[str, list[int | None]]] = {order: {name: [] for name in REMIXES} for order in ORDERS}
    seconds: dict[str, list[float]] = {order: [] for order in ORDERS}
    num_proven = 0
    with tempfile.TemporaryDirectory(prefix="likeness-remixes-") as folder:
        sources = [MethodSource(method, "measured", [(ids, rows[name])]) for name, method in methods.items()]
        plan = IndexPlan(1, 0, choose_backend(), int(OPTIONS["exact_max"]), seed=20, min_recall=0.95)
        assemble(Path(folder), sources, plan, np.empty(0, np.int64), lambda text, share: None)
        loaded = open_generation(Path(folder), 1)
        for number, place in enumerate(drawn.tolist()):
            beside = [read(paths[host]) for host in hosts[OTHERS * number : OTHERS * (number + 1)]]
            copies = [remix(name, read(paths[place]), place, beside) for name in REMIXES]
            described = {name: method.describe_query(copies) for name, method in methods.items()}
            image_id = int(np.flatnonzero(searched == place)[0]) + 1
            for column, name in enumerate(REMIXES):
                query = {method: vectors[column] for method, vectors in described.items()}
                for order, first in ORDERS.items():
                    rank, proven, spent = search_for(loaded, methods, query, image_id, first=first)
                    ranks[order][name].append(rank)
                    seconds[order].append(spent)
                    num_proven += proven
    return {
        "images": images.name,
        "backbone": backbone,
        "rows": len(ids),
        "distractors": len(others),
        "queries": num_queries,
        "proven_others": num_proven,
        "ms": {order: round(1000 * float(np.median(spent)), 1) for order, spent in seconds.items()},
        "recall": {order: {name: _recalls(found) for name, found in named.items()} for order, named in ranks.items()},
        "mean": {
            order: _recalls([rank for found in named.values() for rank in found]) for order, named in ranks.items()
        },
    }


def _recalls(ranks: Sequence[int | None]) -> dict[str, float]:
    """Return the shares of queries whose picture comes first, and among the first ten."""
    return {
        f"at_{most}": round(sum(rank is not None and rank <= most for rank in ranks) / len(ranks), 4)
        for most in (1, 10)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, metavar="FOLDER", help="pictures that are remixed")
    parser.add_argument("--distractors", type=Path, required=True, metavar="FOLDER", help="other pictures")
    parser.add_argument("--queries", type=int, default=40, help="pictures that are remixed, of those in the folder")
    parser.add_argument("--backbone", default="compact", help="network of the content method")
    parser.add_argument("--features", type=Path, metavar="FOLDER", help="keep there what pictures are described by")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON there")
    parser.add_argument("--json", action="store_true", help="print the JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="likeness-features-") as folder:
        kept = arguments.features or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        found = measure(arguments.images, arguments.distractors, arguments.queries, arguments.backbone, kept)
    document = {"machine": describe_machine(), "command": command_line(), **found}
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.json or not arguments.out:
        print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
