"""What fewer numbers a row save and cost: scan time, variance kept and recall@20, full rows against reduced ones.

    python benchmarks/reduction.py [--images FOLDER|ZIP] [--methods deep color] [--count 12000] [--rows 50000]
                                   [--out FILE] [--json]

Describes photographs by the product's methods with a dot product and reduces their rows as a generation does. Variance
and recall are those of the photographs; scans are timed over as many rows as `--rows` says, the photographs' repeated,
since a product of a matrix and a vector takes as long whatever the numbers are.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.ann import default_images, photographs
from benchmarks.machine import command_line, describe_machine
from search.generations.pca import MIN_VARIANCE, fit_reduction, measure_recall, principal_directions, reduce_rows
from search.generations.recall import NEIGHBORS, kth_scores
from search.methods import METHODS, Method

BATCH = 64
SEED = 20
NUM_QUERIES = 100
SCANS = 60
OTHER_NUMBERS = 2**25  # 128 MiB: more than any cache


def many_images() -> Path | None:
    """Return the largest set of development images."""
    archive = Path(os.environ.get("LIKENESS_DATA", ""), "encoder-train.zip")
    return archive if archive.is_file() else default_images()


def load_methods(names: list[str]) -> dict[str, Method]:
    """Make the methods as the site has them, without those that cannot be used here."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from search.features.registry import methods

    return {name: method for name, method in methods().items() if name in names and method.unavailable() is None}


def describe(methods: dict[str, Method], source: Path, count: int) -> dict[str, NDArray[np.float32]]:
    """Describe up to `count` photographs; rows by method."""
    rows: dict[str, list[Any]] = {name: [] for name in methods}
    images = islice(photographs(source), count)
    while batch := list(islice(images, BATCH)):
        for name, method in methods.items():
            rows[name].append(method.describe(batch))
    return {name: np.concatenate(parts) for name, parts in rows.items()}


def measure(name: str, vectors: NDArray[np.float32], num_rows: int) -> dict[str, Any]:
    """Reduce one method's rows and time both scans."""
    dim = vectors.shape[1]
    reduction = fit_reduction(vectors, np.arange(len(vectors)), SEED, min_numbers=0)
    found = {
        "method": name,
        "photographs": len(vectors),
        "rows": num_rows,
        "dim": dim,
        "reduced": dim if reduction is None else reduction.basis.shape[1],
        "variance": 1.0 if reduction is None else round(reduction.variance, 4),
        "recall": 1.0 if reduction is None else round(reduction.recall, 4),
        "at_95_percent": _at_least_variance(vectors),
    }
    full = _scan_ms(vectors, num_rows)
    shorter = full
    if reduction is not None:
        shorter = _scan_ms(np.concatenate(list(reduce_rows(vectors, reduction.basis))), num_rows)
    return found | {
        "full_ms": round(full, 2),
        "reduced_ms": round(shorter, 2),
        "ratio": round(shorter / full, 3),
    }


def _at_least_variance(vectors: NDArray[np.float32]) -> dict[str, Any]:
    """Return what 95 % of the variance alone would give, recall not looked at."""
    directions, kept = principal_directions(vectors)
    size = int(np.searchsorted(kept, MIN_VARIANCE)) + 1
    queries = np.sort(np.random.default_rng(SEED).choice(len(vectors), NUM_QUERIES, replace=False))
    floors = kth_scores(vectors, queries, NEIGHBORS)
    basis = np.ascontiguousarray(directions[:, :size])
    # One more than asked for: each query finds itself.
    alone = measure_recall(vectors, basis, queries, floors, candidates=NEIGHBORS + 1)
    return {
        "reduced": size,
        "recall": round(measure_recall(vectors, basis, queries, floors), 4),
        "recall_without_full_rows": round(alone, 4),
    }


def _scan_ms(vectors: NDArray[np.float32], num_rows: int) -> float:
    """Return the least time of a scan: what else the machine does only ever adds.

    Before each scan other numbers pass through the processor's cache, as in a search by several methods.
    """
    rows = np.tile(vectors, (-(-num_rows // len(vectors)), 1))[:num_rows]
    others = np.ones(OTHER_NUMBERS, np.float32)
    seconds = []
    for query in rows[:SCANS]:
        others.sum()
        began = time.perf_counter()
        np.matmul(rows, query)
        seconds.append(time.perf_counter() - began)
    return 1000 * min(seconds)


def main() -> None:
    vector_methods = [name for name, entry in METHODS.items() if not entry.pairwise and not entry.reranks]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, default=many_images(), help="folder or ZIP of photographs")
    parser.add_argument("--methods", nargs="+", default=vector_methods, choices=vector_methods)
    parser.add_argument("--count", type=int, default=12_000, help="photographs at most")
    parser.add_argument("--rows", type=int, default=50_000, help="rows to scan")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the JSON there")
    options = parser.parse_args()
    if options.images is None or not options.images.exists():
        parser.error("say which photographs to describe: --images FOLDER or ZIP, or set LIKENESS_DATA")
    machine, methods = describe_machine(), load_methods(options.methods)
    described = describe(methods, options.images, options.count)
    if min((len(rows) for rows in described.values()), default=0) <= NUM_QUERIES:
        parser.error(f"expected more than {NUM_QUERIES} photographs and a method that can be used here")
    runs = []
    for name, vectors in described.items():
        runs.append(measure(name, vectors, options.rows) | {"version": methods[name].version})
        if not options.json:
            print("  ".join(f"{key} {value}" for key, value in runs[-1].items()))
    number = runs[0]["photographs"]
    data = f"{number:,} photographs of {options.images.name}; scans over {options.rows:,} rows, these repeated"
    document = {"machine": machine, "command": command_line(), "data": data, "runs": runs}
    if options.out:
        options.out.write_text(json.dumps(document, indent=1) + "\n")
    if options.json:
        print(json.dumps(document))


if __name__ == "__main__":
    main()
