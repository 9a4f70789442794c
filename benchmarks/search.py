"""How fast one fused query is, and how much of the exact answer the ANN route finds.

    python benchmarks/search.py --rows 50000 100000 1000000 [--deep-dim 512] [--queries 200]
        [--folder DIR] [--json] [--out FILE]

Writes synthetic generations through the product's own assembly (rows of images in clusters, aligned across methods,
with the dimensions of the real methods, of every method that is registered), opens them as a web process does, and
times queries through the same code as the search page, less the database. Deep features have 2048 numbers up to
100,000 rows, as ResNet50's, and 512 above.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import command_line, describe_machine
from search.generations.reader import LoadedGeneration, open_generation
from search.generations.write import IndexPlan, MethodSource, assemble
from search.index import choose_backend
from search.methods import METHODS, Method, load_method
from search.methods.base import normalize_rows
from search.methods.keypoints.rows import ROW, SIDE, SLOTS
from search.query.matching import Matches, match
from search.scoring.fusion import DEFAULT_WEIGHTS
from search.scoring.segments import Snapshot
from search.types import Vectors

CHUNK_ROWS = 2048
LATENT, ROWS_PER_CLUSTER = 32, 50
SIAMESE_DIM, NUM_SCENES, COPY_EVERY = 128, 256, 10
EXACT_MAX = 50_000
WARM_UP = 20
RECALL_QUERIES = 20
LARGE_ROWS, DEEP_DIM, LARGE_DEEP_DIM = 100_000, 2048, 512
RESULTS, RERANK_DEPTH = 60, 400
NAMES = [name for name in METHODS if name != "words"]  # asked only where words are searched for


@dataclass(slots=True)
class World:
    """Synthetic images: points of a latent space in clusters, seen by every method through its own random eyes."""

    num_rows: int
    deep_dim: int
    seed: int
    seconds: float = 0.0  # spent making rows, which is not the product's time
    views: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    keypoints: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 0), np.uint8))

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        # Pictures of low frequencies, since SSIM of noise would find nothing alike.
        waves = np.cos(np.pi * np.outer(np.arange(6), (np.arange(64) + 0.5) / 64))
        plane = np.einsum("iy,jx->ijyx", waves, waves).reshape(36, 4096)[1 : LATENT + 1]
        self.views["ssim"] = np.asarray(plane * rng.uniform(4, 14, (LATENT, 1)), np.float32)
        for name, dim in (("color", load_method("color").dim), ("texture", 54), ("deep", self.deep_dim)):
            self.views[name] = rng.normal(size=(LATENT, dim)).astype(np.float32)
        for name, dim in (("siamese", SIAMESE_DIM), ("phash", 8 * load_method("phash").dim)):
            self.views[name] = rng.normal(size=(LATENT, dim)).astype(np.float32)
        scenes = [cv2.resize(rng.integers(0, 256, (28, 28, 3), np.uint8), (224, 224)) for _ in range(NUM_SCENES)]
        self.keypoints = load_method("local").describe([np.asarray(scene, np.uint8) for scene in scenes])

    def chunks(self, name: str) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
        """Yield a method's rows."""
        for start in range(0, self.num_rows, CHUNK_ROWS):
            started = time.perf_counter()
            ids = np.arange(start, min(start + CHUNK_ROWS, self.num_rows))
            rows = self._see(name, self._points(ids))
            self.seconds += time.perf_counter() - started
            yield ids + 1, rows  # ids begin with 1

    def _points(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        # Seeded by the chunk, so that every method sees the same images without any of them being kept.
        rng = np.random.default_rng([self.seed, int(ids[0])])
        clusters = np.random.default_rng([self.seed, 1]).normal(
            size=(max(self.num_rows // ROWS_PER_CLUSTER, 1), LATENT)
        )
        spread = rng.uniform(0.1, 0.9, (len(ids), 1))
        chosen = clusters[rng.integers(len(clusters), size=len(ids))]
        return np.asarray(chosen + spread * rng.normal(size=chosen.shape), np.float32)

    def _see(self, name: str, points: NDArray[np.float32]) -> Vectors:
        if name == "local":
            return self._see_keypoints(points)
        seen = points @ self.views[name]
        if name == "ssim":
            return np.clip(128 + seen, 0, 255).astype(np.uint8)
        if name == "phash":
            return np.packbits(seen > 0, axis=1)
        if name == "siamese":
            return normalize_rows(seen)
        return normalize_rows(np.sqrt(np.maximum(seen, 0)))  # rooted and non-negative, as those of the real methods

    def _see_keypoints(self, points: NDArray[np.float32]) -> Vectors:
        """Return keypoints of any of some scenes; each COPY_EVERY-th image is a copy of the one before it."""
        rng = np.random.default_rng([self.seed, int(np.abs(points[0, 0]) * 1e6)])
        known = self.keypoints.view(ROW)[:, 0]
        scenes, slots = (
            rng.integers(len(known), size=(len(points), SLOTS)),
            rng.integers(SLOTS, size=(len(points), SLOTS)),
        )
        rows = np.zeros(len(points), ROW)
        rows["count"], rows["height"], rows["width"] = SLOTS, SIDE, SIDE
        for part in ("place", "size", "angle", "descriptor"):
            rows[part] = known[part][scenes, slots]
        copies = np.arange(COPY_EVERY, len(rows), COPY_EVERY)
        rows[copies] = rows[copies - 1]
        return rows.view(np.uint8).reshape(len(rows), -1)


def build(num_rows: int, deep_dim: int, folder: Path, seed: int = 20) -> float:
    """Write a generation of that many rows into an empty folder; return the seconds that the product took."""
    world = World(num_rows, deep_dim, seed)
    plan = IndexPlan(1, 0, choose_backend(), EXACT_MAX, seed=seed, min_recall=0.95)
    sources = [MethodSource(load_method(name), "synthetic", world.chunks(name)) for name in NAMES]
    started = time.perf_counter()
    assemble(folder, sources, plan, np.empty(0, np.int64), _tell)
    return time.perf_counter() - started - world.seconds


def measure(folder: Path, num_queries: int, seed: int = 20) -> dict[str, Any]:
    """Measure queries over a generation."""
    methods = {name: load_method(name) for name in NAMES}
    started = time.perf_counter()
    loaded = open_generation(folder, 1)
    open_seconds = time.perf_counter() - started
    manifest = loaded.manifest
    rng = np.random.default_rng(seed)
    queries = rng.choice(manifest.num_images, WARM_UP + num_queries, replace=False)
    seconds, matches = [], []
    for row in queries:
        begun = time.perf_counter()
        matches.append(ask(loaded, methods, int(row), EXACT_MAX))
        seconds.append(time.perf_counter() - begun)
    milliseconds = 1000 * np.array(seconds[WARM_UP:])
    found = {
        "rows": manifest.num_images,
        "dims": {name: rows.scanned.shape[1] for name, rows in loaded.segment.methods.items() if name != "local"},
        "full_dims": {name: files.dim for name, files in manifest.methods.items()},
        "route": "exact" if matches[-1].exact else f"ann ({manifest.backend})",
        "queries": num_queries,
        "p50_ms": round(float(np.percentile(milliseconds, 50)), 1),
        "p95_ms": round(float(np.percentile(milliseconds, 95)), 1),
        "candidates": int(np.mean([found.num_candidates for found in matches])),
        "open_s": round(open_seconds, 1),
        "files_mib": sum(file.num_bytes for file in manifest.files.values()) >> 20,
        **_memory(),
    }
    if not matches[-1].exact:
        indexed = {name: files for name, files in manifest.methods.items() if files.recall is not None}
        found["recall_at_20"] = {name: round(files.recall or 0, 3) for name, files in indexed.items()}
        found["quality"] = {name: files.quality for name, files in indexed.items()}
        found["fused_recall_at_20"] = round(_fused_recall(loaded, methods, queries[:RECALL_QUERIES], matches), 3)
    return found


def ask(loaded: LoadedGeneration, methods: dict[str, Method], row: int, exact_max: int) -> Matches:
    """Search for one of the rows at the default weights, as the search page does."""
    snapshot = Snapshot((loaded.segment,), loaded.tables, 1)
    vectors = loaded.segment.vectors_of(row)
    image_id = int(loaded.segment.image_ids[row])
    options: dict[str, Any] = {
        "k": RESULTS,
        "rerank_depth": RERANK_DEPTH,
        "exact_max": exact_max,
        "excluded": [image_id],
        "proof_first": True,
    }
    return match(snapshot, vectors, DEFAULT_WEIGHTS, methods, **options)


def _fused_recall(
    loaded: LoadedGeneration, methods: dict[str, Method], queries: NDArray[np.int64], matches: list[Matches]
) -> float:
    """Return the mean share of the exact route's first 20 results among the ANN route's first 20."""
    shares = []
    for row, found in zip(queries, matches, strict=False):
        exact = ask(loaded, methods, int(row), sys.maxsize).results[:20]  # no library is too large: exact
        shares.append(len({r.image_id for r in exact} & {r.image_id for r in found.results[:20]}) / len(exact))
    return float(np.mean(shares))


def _memory() -> dict[str, int]:
    """Return the resident memory of this process: its own, and what it maps of files."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return {
        f"{kind}_mib": int(lines[key].split()[0]) >> 10 for kind, key in (("own", "RssAnon"), ("mapped", "RssFile"))
    }


def _tell(text: str, share: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{text:<60}", end="", file=sys.stderr)


def _run(num_rows: int, deep_dim: int | None, num_queries: int, parent: Path | None) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="likeness-search-", dir=parent))
    try:
        dim = deep_dim or (DEEP_DIM if num_rows <= LARGE_ROWS else LARGE_DEEP_DIM)
        build_seconds = build(num_rows, dim, folder)
        return measure(folder, num_queries) | {"build_s": round(build_seconds, 1)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000, 100_000])
    parser.add_argument("--deep-dim", type=int, help="Length of deep features (default 2048; 512 above 100,000 rows).")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="Where to write (default: the system's temporary folder).")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the JSON there")
    options = parser.parse_args()
    machine = describe_machine()
    found = []
    context = multiprocessing.get_context("spawn")  # a process each, so that memory figures are its own
    for num_rows in options.rows:
        with context.Pool(1) as pool:
            found.append(pool.apply(_run, (num_rows, options.deep_dim, options.queries, options.folder)))
        if not options.json:
            print("\r" + "  ".join(f"{name} {value}" for name, value in found[-1].items()))
    document = {"machine": machine, "command": command_line(), "runs": found}
    if options.out:
        options.out.write_text(json.dumps(document, indent=1) + "\n")
    if options.json:
        print(json.dumps(document))


if __name__ == "__main__":
    main()
