"""How long each method takes to describe an image, and to compare one row with many.

    python benchmarks/methods.py [--images FOLDER] [--count 64] [--json] [--out FILE]

Set DEEP_WEIGHTS to include the deep method. Without --images, noise of 512 x 384 pixels is described: times of
texture are then at their worst, for noise has no patterns to branch on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import command_line, describe_machine

SIDE = 512
CANDIDATES = 200
REPEATS = 5


def best_of(work: Callable[[], object]) -> float:
    """Return the least wall seconds of several runs: what else the machine does only ever adds."""
    seconds = []
    for _repeat in range(REPEATS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def load_images(folder: Path | None, count: int) -> list[np.ndarray]:
    if folder is None:
        return list(np.random.default_rng(20).integers(0, 256, (count, 384, SIDE, 3), np.uint8))
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"})
    images = []
    for path in paths[:: max(1, len(paths) // count)][:count]:
        with Image.open(path) as picture:
            picture.thumbnail((SIDE, SIDE))
            images.append(np.asarray(picture.convert("RGB")))
    return images


def measure(images: list[np.ndarray]) -> dict[str, dict[str, float]]:
    from django.conf import settings

    from search.methods import METHODS, PairwiseMethod, load_method

    found = {}
    for name in METHODS:
        method = load_method(name, settings.SEARCH_METHOD_OPTIONS.get(name))
        if (reason := method.unavailable()) is not None:
            print(f"{name} is not available: {reason}", file=sys.stderr)
            continue
        method.warm_up()
        vectors = method.describe(images)
        many = np.resize(vectors, (CANDIDATES, method.dim))
        found[name] = {
            "numbers": method.dim,
            "describe_ms": round(best_of(lambda m=method: m.describe(images)) / len(images) * 1e3, 3),
            "compare_us": round(best_of(lambda m=method, v=many: m.scores(v[0], v)) / CANDIDATES * 1e6, 2),
        }
        if isinstance(method, PairwiseMethod):
            spent = best_of(lambda m=method, v=many: m.proxy(v))
            found[name]["stand_in_us"] = round(spent / CANDIDATES * 1e6, 2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="photographs to describe")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the JSON there")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import django

    django.setup()
    images = load_images(arguments.images, arguments.count)
    found = measure(images)
    data = f"{len(images)} photographs of {arguments.images.name}" if arguments.images else f"{len(images)} of noise"
    document = {"machine": describe_machine(), "command": command_line(), "data": data, "methods": found}
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.json:
        print(json.dumps(document))
        return
    print(f"{'method':<10}{'numbers':>8}{'ms to describe':>16}{'us to compare':>16}")
    for name, row in found.items():
        print(f"{name:<10}{row['numbers']:>8}{row['describe_ms']:>16.2f}{row['compare_us']:>16.2f}")


if __name__ == "__main__":
    main()
