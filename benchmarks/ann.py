"""How the index backends compare on real features: time to build, memory, recall@20 and time of a query.

    python benchmarks/ann.py [--images FOLDER|ZIP] [--method deep] [--rows 100000] [--views 3] [--out FILE] [--json]

Describes photographs, and views of each (cropped to a part, mirrored in half of the cases), by one of the product's
methods. Where that gives fewer rows than wanted, rows between two views of one photograph are added: unit vectors at
a random place on the way from one to the other. So the rows lie where real ones do, and have near neighbors as in a
library with many pictures of the same things.

Each backend builds its index in a process of its own, and answers in another, with the least quality at which its
recall@20 is enough, as a generation would choose it. Queries are asked in turn, three times over, and the least time
of each counts.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.hashes import alone, memory_mib
from benchmarks.machine import command_line, describe_machine
from search.generations.recall import NEIGHBORS, tune_quality
from search.index import BACKENDS, load_backend
from search.index.matrices import MatrixWriter
from search.methods import METHODS
from search.methods.base import normalize_rows

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
SIDE = 512
BATCH = 64
CHUNK_ROWS = 4096
SEED = 20
MIN_RECALL = 0.95
NUM_QUERIES, ROUNDS = 200, 3
LEAST_ROWS = 1000
LEAST_KEPT = 0.6  # of each side of a view


def photographs(source: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield the images of a folder or a ZIP file, by name."""
    if source.is_dir():
        for path in sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES):
            yield _pixels(path.read_bytes())
        return
    with zipfile.ZipFile(source) as archive:
        for name in sorted(name for name in archive.namelist() if name.lower().endswith(SUFFIXES)):
            yield _pixels(archive.read(name))


def _pixels(data: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as picture:
        picture.thumbnail((SIDE, SIDE))
        return np.asarray(picture.convert("RGB"))


def view(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a part of an image, mirrored in half of the cases."""
    sides = [max(1, int(side * rng.uniform(LEAST_KEPT, 1))) for side in image.shape[:2]]
    top, left = (int(rng.integers(0, whole - side + 1)) for whole, side in zip(image.shape, sides, strict=False))
    part = image[top : top + sides[0], left : left + sides[1]]
    return np.ascontiguousarray(part[:, ::-1] if rng.random() < 0.5 else part)


def describe(path: Path, source: Path, name: str, views: int, max_rows: int) -> dict[str, Any]:
    """Write the rows of each photograph and its views to a file; shape (photographs, 1 + views, dim)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.conf import settings

    from search.methods import load_method

    method = load_method(name, settings.SEARCH_METHOD_OPTIONS.get(name))
    if (reason := method.unavailable()) is not None:
        return {"unavailable": f"{name} is not available: {reason}"}
    rng = np.random.default_rng(SEED)
    rows: list[NDArray[Any]] = []
    waiting: list[NDArray[np.uint8]] = []
    began = time.perf_counter()
    for number, image in enumerate(photographs(source)):
        if (number + 1) * (1 + views) > max_rows:
            break
        waiting += [image, *(view(image, rng) for _view in range(views))]
        if len(waiting) >= BATCH:
            rows.append(method.describe(waiting))
            waiting = []
    if waiting:
        rows.append(method.describe(waiting))
    if not rows:
        return {"unavailable": f"not measured: there are no photographs in {source.name}"}
    found = np.concatenate(rows).reshape(-1, 1 + views, method.dim)
    np.save(path, found)
    return {
        "version": method.version,
        "photographs": len(found),
        "described": found.shape[0] * found.shape[1],
        "describe_seconds": round(time.perf_counter() - began, 1),
    }


def enlarge(described: NDArray[np.float32], num_rows: int, path: Path) -> None:
    """Write all described rows, then rows between two views of one photograph until there are enough."""
    rng = np.random.default_rng(SEED)
    num_photographs, num_views, dim = described.shape
    with MatrixWriter(path, dim, np.float32) as writer:
        writer.append(described.reshape(-1, dim)[:num_rows])
        while writer.num_rows < num_rows:
            count = min(CHUNK_ROWS, num_rows - writer.num_rows)
            chosen = rng.integers(num_photographs, size=count)
            first, second = rng.integers(num_views, size=(2, count))
            share = rng.random((count, 1), np.float32)
            between = described[chosen, first] * share + described[chosen, second] * (1 - share)
            writer.append(normalize_rows(between))


def build(name: str, vectors_path: Path, path: Path) -> dict[str, Any]:
    vectors = np.load(vectors_path, mmap_mode="r")
    before, began = memory_mib("VmHWM"), time.perf_counter()
    load_backend(name).build(vectors, str(path), seed=SEED, threads=os.cpu_count() or 1)
    return {
        "build_seconds": round(time.perf_counter() - began, 1),
        "build_peak_mib": memory_mib("VmHWM"),
        "process_before_mib": before,
        "bytes": path.stat().st_size,
    }


def answer(name: str, vectors_path: Path, path: Path) -> dict[str, Any]:
    vectors = np.load(vectors_path, mmap_mode="r")
    began = time.perf_counter()
    index = load_backend(name).open(str(path), vectors.shape[1], len(vectors))
    open_seconds = time.perf_counter() - began
    quality, recall = tune_quality(index, vectors, min_recall=MIN_RECALL, seed=SEED)
    rows = np.sort(np.random.default_rng(SEED).choice(len(vectors), min(NUM_QUERIES, len(vectors)), replace=False))
    queries = np.array(vectors[rows])[:, None]  # in memory: reading them is no part of a query
    seconds = np.empty((ROUNDS, len(queries)))
    for turn in range(ROUNDS):
        for place, query in enumerate(queries):
            began = time.perf_counter()
            index.search(query, NEIGHBORS + 1, quality)
            seconds[turn, place] = time.perf_counter() - began
    best = 1000 * seconds.min(axis=0)
    return {
        "open_seconds": round(open_seconds, 2),
        "quality": quality,
        "recall_at_20": round(recall, 4),
        "p50_ms": round(float(np.median(best)), 3),
        "p95_ms": round(float(np.percentile(best, 95)), 3),
        "first_round_p95_ms": round(1000 * float(np.percentile(seconds[0], 95)), 3),
        "query_own_memory_mib": memory_mib("RssAnon"),
        "query_mapped_mib": memory_mib("RssFile"),
    }


def measure(vectors_path: Path, folder: Path, observer: Callable[[dict[str, Any]], None]) -> None:
    """Measure every backend that can be used here."""
    num_rows, dim = np.load(vectors_path, mmap_mode="r").shape
    for name in BACKENDS:
        backend, about = load_backend(name), {"index": name, "rows": num_rows, "dim": dim}
        if (reason := backend.unavailable()) is not None:
            observer(about | {"skipped": str(reason)})
            continue
        path = folder / f"index{backend.suffix}"
        observer(about | alone(build, name, vectors_path, path) | alone(answer, name, vectors_path, path))
        path.unlink()


def default_images() -> Path | None:
    """Return the development images, where LIKENESS_DATA names them."""
    folder = os.environ.get("LIKENESS_DATA")
    return Path(folder) / "caltech-dev" if folder else None


def main() -> None:
    vector_methods = [name for name, entry in METHODS.items() if not entry.pairwise and not entry.reranks]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, default=default_images(), help="folder or ZIP of photographs")
    parser.add_argument("--method", default="deep", choices=vector_methods)
    parser.add_argument("--rows", type=lambda text: int(float(text)), default=100_000)
    parser.add_argument("--views", type=int, default=3, help="of each photograph, beside itself")
    parser.add_argument("--workdir", type=Path, help="for the files, which are removed in the end")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the JSON there")
    arguments = parser.parse_args()
    if arguments.images is None or not arguments.images.exists():
        parser.error("say which photographs to describe: --images FOLDER or ZIP, or set LIKENESS_DATA")
    if arguments.rows < LEAST_ROWS:
        parser.error(f"--rows: expected at least {LEAST_ROWS:,}, got {arguments.rows}")
    results: list[dict[str, Any]] = []

    def observe(result: dict[str, Any]) -> None:
        results.append(result)
        print(json.dumps(result), file=sys.stderr if arguments.json else sys.stdout, flush=True)

    folder = Path(tempfile.mkdtemp(prefix="likeness-ann-", dir=arguments.workdir))
    try:
        described, vectors = folder / "described.npy", folder / "vectors.npy"
        about = alone(describe, described, arguments.images, arguments.method, arguments.views, arguments.rows)
        if "unavailable" in about:
            parser.error(about["unavailable"])
        enlarge(np.load(described), arguments.rows, vectors)
        measure(vectors, folder, observe)
    finally:
        shutil.rmtree(folder)
    document = {
        "benchmark": "ann",
        "machine": describe_machine(),
        "command": command_line(),
        "data": f"{about['photographs']:,} photographs of {arguments.images.name} and {arguments.views} views of each,"
        f" described by {arguments.method} ({about['version']}); {arguments.rows:,} rows with those between two views",
        "features": about,
        "results": results,
    }
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.json:
        print(json.dumps(document))


if __name__ == "__main__":
    main()
