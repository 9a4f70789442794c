"""What the textbook claims of methods and fusion, measured on photographs whose folder is their label.

    python benchmarks/claims.py --images FOLDER [--backbone NAME | --deep-weights FILE]
        [--queries N] [--copies N] [--questions N]
        [--data FOLDER] [--out FILE] [--json]

Imports the photographs into a temporary library and runs the product's own commands there: `evaluate` by labels and on
edited copies, and `learn_weights` by both. With --data the library is kept, and the next run uses it as it is. Beside
it, the time of one SSIM as the textbook computes it (scikit-image, the whole images) and as search does (64 x 64, many
candidates at once). Content is seen by the network that serves unless another is named.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import command_line, describe_machine
from search.methods.ssim import Ssim, textbook_similarity

ROOT = Path(__file__).resolve().parent.parent
CANDIDATES = 400
SSIM_PAIRS = 20
CURVES = ("curves", "thresholds", "reliability")  # for the Lab page; a report of figures does without
KOCH_SIDES = (224, 512)
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True, slots=True)
class Asked:
    """At most how much is asked: images to query with by label, images to copy, questions to learn from; and where."""

    queries: int
    copies: int
    questions: int
    data: Path | None  # None: of a library that is removed again


class Library:
    """A temporary library; the product's commands are run on it as a person would run them."""

    def __init__(self, folder: Path, network: dict[str, str]) -> None:
        # The settings of a site that runs on this machine must neither be measured nor be written to.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DEEP_", "DATABASE_"))}
        self._environment = kept | {"DATA_DIR": str(folder), "TF_ENABLE_ONEDNN_OPTS": "1"} | network

    def run(self, *words: str) -> str:
        """Run a command of manage.py and return what it printed; its errors reach the terminal."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout

    def ask(self, *words: str) -> dict[str, Any]:
        """Run a command with `--json` and return its document, with the seconds it took."""
        began = time.monotonic()
        document: dict[str, Any] = json.loads(self.run(*words, "--json"))
        return document | {"seconds": round(time.monotonic() - began, 1)}


def measure_library(images: Path, network: dict[str, str], backbone: str, asked: Asked) -> dict[str, Any]:
    """Import the photographs, and measure methods, fusions and learned weights."""
    with tempfile.TemporaryDirectory(prefix="likeness-claims-") as folder:
        library = Library(asked.data or Path(folder), network)
        if asked.data is None or not asked.data.exists():
            library.run("migrate", "--verbosity", "0")
            library.run("import_images", str(images.resolve()), "--label-from-folder", "--wait")
            library.run("build_index")
        labels = library.ask("evaluate", "--max-queries", str(asked.queries))
        copies = library.ask("evaluate", "--from", "copies", "--max-queries", str(asked.copies))
        most = ("--max-queries", str(asked.questions))
        learned = {source: library.ask("learn_weights", "--from", source, *most) for source in ("labels", "copies")}
    data = f"{labels['images']:,} photographs of {images.name} in {labels['labels']} folders, each folder a label"
    for document in (labels, copies):
        for name in CURVES:
            document.pop(name, None)
    found = {"images": images.name, "data": data, "backbone": backbone}
    return found | {"labels": labels, "copies": copies, "learned": learned}


def measure_ssim(images: Path) -> dict[str, float]:
    """Return milliseconds a pair: the textbook's SSIM at several sizes, and search's for each of many candidates."""
    paths = sorted(path for path in images.rglob("*") if path.suffix.lower() in SUFFIXES)
    chosen = paths[:: max(1, len(paths) // (SSIM_PAIRS + 1))][: SSIM_PAIRS + 1]
    pixels = [np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8) for path in chosen]
    found = {}
    for side in KOCH_SIDES:
        sized = [np.asarray(cv2.resize(image, (side, side)), np.uint8) for image in pixels]
        # The keys of documents that are kept stay as they are.
        found[f"guide_{side}"] = _milliseconds(lambda s=sized: _compare_all(s)) / SSIM_PAIRS
    method = Ssim()
    rows = method.describe(pixels)
    small = [row.reshape(64, 64) for row in rows]
    many = np.resize(rows, (CANDIDATES, method.dim))
    found["scikit_image_64"] = _milliseconds(lambda: _scikit_image(small)) / SSIM_PAIRS
    found["search_64"] = _milliseconds(lambda: method.scores(many[0], many)) / CANDIDATES
    return {name: round(value, 4) for name, value in found.items()}


def _compare_all(images: list[NDArray[np.uint8]]) -> None:
    for first, second in pairwise(images):
        textbook_similarity(first, second)


def _scikit_image(images: list[NDArray[np.uint8]]) -> None:
    from skimage.metrics import structural_similarity

    for first, second in pairwise(images):
        structural_similarity(first, second, win_size=7, data_range=255)


def _milliseconds(work: Callable[[], object], repeats: int = 5) -> float:
    """Return the least wall milliseconds of several runs, after one that warms up."""
    work()
    seconds = []
    for _repeat in range(repeats):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, metavar="FOLDER", help="one folder per label")
    parser.add_argument("--backbone", default="lite2", metavar="NAME", help="as DEEP_BACKBONE names it")
    parser.add_argument("--deep-weights", type=Path, metavar="FILE", help="a model or weights file instead")
    parser.add_argument("--queries", type=int, default=2000, help="labelled images to query with, at most")
    parser.add_argument("--copies", type=int, default=150, help="images to make edited copies of")
    parser.add_argument("--questions", type=int, default=300, help="questions of one set that weights are learned from")
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="keep the library there, or use the one that is there"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON there")
    parser.add_argument("--json", action="store_true", help="print the JSON")
    arguments = parser.parse_args()
    given = arguments.deep_weights
    network = {"DEEP_WEIGHTS": str(given.resolve())} if given else {"DEEP_BACKBONE": arguments.backbone}
    backbone = given.name if given else arguments.backbone
    asked = Asked(arguments.queries, arguments.copies, arguments.questions, arguments.data and arguments.data.resolve())
    document = {
        "machine": describe_machine(),
        "command": command_line(),
        "ssim_ms": measure_ssim(arguments.images),
        **measure_library(arguments.images, network, backbone, asked),
    }
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.json or not arguments.out:
        print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
