"""Whether the presets earn their names: each beside the default, on sets of the kind that it is for.

    python benchmarks/presets.py --images FOLDER [--per-class 8] [--copies 40] [--backbone NAME] [--out FILE] [--json]

The folder of a photograph is its label. Three libraries are made of it, and the product's own commands are run there:

- products: things on plain grounds, four views of each (`benchmarks/product_views.py`); a query's right answers are the
  other views of the same thing
- gray: some photographs of each class, gray; right answers are those of the class
- copies: as many photographs as they are; `evaluate --from copies` and `--from remixes` edit some of them
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.claims import SUFFIXES, Library
from benchmarks.machine import command_line, describe_machine
from benchmarks.product_views import NUM_VIEWS, cut_out, view
from search.types import RGBImage

SEED = 20
FIGURES = {"labels": "map", "copies": "recall_at_1", "remixes": "recall_at_1"}
QUALITY = 95
Made = Iterator[tuple[str, str, RGBImage]]
"""Label, name and pixels of the images of a library."""


def photographs(folder: Path) -> Iterator[tuple[str, str, RGBImage]]:
    """Yield photographs by the names of their folders, which are their labels."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
        with Image.open(path) as picture:
            yield path.parent.name, path.stem, np.asarray(picture.convert("RGB"))


def products(images: Path, _per_class: int) -> Made:
    """Yield views of the things that photographs show on plain grounds."""
    for number, (label, name, pixels) in enumerate(photographs(images)):
        if (found := cut_out(pixels)) is not None:
            generator = np.random.default_rng([SEED, number])
            for place in range(NUM_VIEWS):
                yield f"{label} {name}", f"{place}", view(*found, generator)


def some(images: Path, per_class: int) -> Made:
    """Yield some photographs of each class as they are."""
    seen: dict[str, int] = {}
    for label, name, pixels in photographs(images):
        seen[label] = seen.get(label, 0) + 1
        if seen[label] <= per_class:
            yield label, name, pixels


def gray(images: Path, per_class: int) -> Made:
    """Yield the same photographs, gray."""
    for label, name, pixels in some(images, per_class):
        yield label, name, np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


KINDS: dict[str, tuple[Callable[[Path, int], Made], tuple[str, ...]]] = {
    "products": (products, ("labels",)),
    "gray": (gray, ("labels",)),
    "copies": (some, ("copies", "remixes")),
}
"""By kind: what makes the library, and by what it is measured."""


def write(made: Made, folder: Path) -> int:
    """Write images into a folder for each label, and return how many there are."""
    count = 0
    for label, name, pixels in made:
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / label / f"{name}.jpg", quality=QUALITY)
        count += 1
    return count


def measure(images: Path, kind: str, network: dict[str, str], per_class: int, num_copies: int) -> list[dict[str, Any]]:
    """Make a library of one kind, and return the figure of every fusion and of content alone, by each measurement."""
    make, sources = KINDS[kind]
    with tempfile.TemporaryDirectory(prefix="likeness-presets-") as place:
        folder = Path(place) / "images"
        count = write(make(images, per_class), folder)
        library = Library(Path(place) / "data", network)
        library.run("migrate", "--verbosity", "0")
        library.run("import_images", str(folder), "--label-from-folder", "--wait")
        library.run("build_index")
        found = []
        for source in sources:
            queries = 2000 if source == "labels" else num_copies
            document = library.ask("evaluate", "--from", source, "--max-queries", str(queries))
            figure = FIGURES[source]
            fused = {name: each[figure] for name, each in document["fused"].items()}
            content = document["methods"]["deep"][figure]
            found.append(
                {"set": kind if source == "labels" else source, "images": count, "queries": document["queries"]}
                | {"figure": figure, "content": content, **fused}
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, metavar="FOLDER", help="one folder per label")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS), help="libraries to make")
    parser.add_argument("--per-class", type=int, default=8, help="photographs of each class that are used")
    parser.add_argument("--copies", type=int, default=40, help="photographs to make copies of")
    parser.add_argument("--backbone", default="lite2", metavar="NAME", help="as DEEP_BACKBONE names it")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the JSON there")
    parser.add_argument("--json", action="store_true", help="print the JSON")
    arguments = parser.parse_args()
    network = {"DEEP_BACKBONE": arguments.backbone}
    runs = [
        run
        for kind in arguments.kinds
        for run in measure(arguments.images, kind, network, arguments.per_class, arguments.copies)
    ]
    data = f"views, gray versions and edited copies of photographs of {arguments.images.name}"
    document = {"machine": describe_machine(), "command": command_line(), "data": data, "runs": runs}
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.json:
        print(json.dumps(document))
        return
    for run in runs:
        print(f"{run['set']}: {run['images']} images, {run['queries']} queries, {run['figure']}")
        for name in [name for name in run if name not in {"set", "images", "queries", "figure"}]:
            print(f"  {name:<12}{run[name]:.4f}")


if __name__ == "__main__":
    main()
