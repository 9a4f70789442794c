"""Our figures on well-known sets of images beside those that were published, each in the measure of its paper.

    python benchmarks/published.py FOLDER [--set NAME] [--queries N] [--backbone NAME] [--out FILE] [--json]

FOLDER is what the archive of one of these sets was unpacked to: Wang (Corel-1k), Caltech-101, Flowers-17, Brodatz,
INRIA Holidays, UKBench, INRIA Copydays, Oxford5k. None of them comes with the program. Which set it is, the names of
its files tell. All pictures are described and compared by the program's own methods; "proven" is the order that a
person sees, with what is proven first. A part of a set is easier than the whole, and is said to be a part.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.duplicates import make_snapshot, start_django
from benchmarks.known_sets.known_set import KnownSet, LayoutError, Picture, Question
from benchmarks.known_sets.layouts import LAYOUTS, read_set
from benchmarks.known_sets.measures import MEASURES
from benchmarks.known_sets.papers import PUBLISHED
from benchmarks.machine import command_line, describe_machine
from search.methods import DerivedMethod, Method
from search.types import RGBImage, Vectors

SIDE = 512
"""Longest side of the images that methods see."""
BATCH = 32
SEED = 20
NOT_ASKED = ("texture", "words")  # without a weight of their own


def load(picture: Picture) -> RGBImage:
    """Read a picture, or its part, as the methods see it."""
    with Image.open(picture.path) as opened:
        shown = opened.convert("RGB")
    if picture.box is not None:
        shown = shown.crop(tuple(round(side) for side in picture.box))
    if picture.piece is not None:
        row, column, rows, columns = picture.piece
        width, height = shown.width // columns, shown.height // rows
        shown = shown.crop((column * width, row * height, (column + 1) * width, (row + 1) * height))
    shown.thumbnail((SIDE, SIDE))
    return np.asarray(shown, np.uint8)


def describe(pictures: Sequence[Picture], *, asking: bool) -> dict[str, Vectors]:
    """Describe pictures by every method that has a weight and works here; those that ask as uploads are, more closely.

    Returns
    -------
    vectors : by method, ndarrays of shape (pictures, numbers of the method)
    """
    from search.features import registry
    from search.features.derivation import describe_images

    methods = {
        name: method
        for name, method in registry.methods().items()
        if name not in NOT_ASKED and method.unavailable() is None
    }
    found: dict[str, list[Vectors]] = {}
    for start in range(0, len(pictures), BATCH):
        images = [load(picture) for picture in pictures[start : start + BATCH]]
        rows = describe_images(images, methods) if asking else stored_rows(images, methods)
        for name, vectors in rows.items():
            found.setdefault(name, []).append(vectors)
    return {name: np.concatenate(rows) for name, rows in found.items()}


def stored_rows(images: list[RGBImage], methods: Mapping[str, Method]) -> dict[str, Vectors]:
    """Describe images as those of a library are, asking no network twice."""
    found: dict[str, Vectors] = {}
    for name, method in methods.items():
        derived = isinstance(method, DerivedMethod) and method.derives and method.source in found
        found[name] = method.derive(found[method.source]) if derived else method.describe(images)
    return found


def measure(known: KnownSet, most_queries: int) -> list[dict[str, Any]]:
    """Return the mean of every measure over the questions, by ranking."""
    from search.evaluation.rankings import FUSED, METHOD, Judge, make_field
    from search.scoring.fusion import DEFAULT_WEIGHTS

    searched = describe(known.pictures[: known.searched], asking=False)
    snapshot = make_snapshot(searched, np.arange(known.searched))
    asking = describe(known.pictures[known.searched :], asking=True)
    judge = Judge(make_field(snapshot, np.asarray(snapshot.segments[0].image_ids)), {"default": DEFAULT_WEIGHTS})
    found: dict[tuple[str, str], list[float]] = {}
    for question in draw(known.questions, most_queries):
        rows, place = (searched, 0) if question.picture < known.searched else (asking, known.searched)
        query = {name: each[question.picture - place] for name, each in rows.items()}
        for (part, name), scores in judge.rankings(query).items():
            if part in (METHOD, FUSED):
                order, total = relevance(scores, question)
                for key in known.measures:
                    found.setdefault((name, key), []).append(MEASURES[key](order, total))
    names = dict.fromkeys(name for name, _key in found)
    return [
        {"ranking": name, **{key: round(float(np.mean(found[name, key])), 4) for key in known.measures}}
        for name in names
    ]


def draw(questions: Sequence[Question], most: int) -> Iterable[Question]:
    """Return at most so many questions, drawn by a fixed seed."""
    if len(questions) <= most:
        return questions
    return [questions[place] for place in np.random.default_rng(SEED).choice(len(questions), most, replace=False)]


def relevance(scores: NDArray[np.floating], question: Question) -> tuple[NDArray[np.bool_], int]:
    """Return what is right at each rank, best first, without what does not count, and how many right ones there are.

    Parameters
    ----------
    scores : ndarray of shape (pictures searched,), NaN = not found
    """
    order = [row for row in np.argsort(-scores, kind="stable").tolist() if row not in question.ignored]
    found = [row for row in order if not np.isnan(scores[row])]
    return np.array([row in question.relevant for row in found], bool), len(question.relevant)


def show(document: dict[str, Any]) -> None:
    """Print figures for people."""
    print(f"{document['data']}")
    for run in document["runs"]:
        print(f"  {run['ranking']:<10}" + "".join(f"  {key} {run[key]:.4f}" for key in document["measures"]))
    if not document["published"]:
        print("No published figures in this measure are kept here.")
    for figure in document["published"]:
        print(f"  {figure['system']}: {figure['measure']} {figure['value']:.3f}\n    {figure['source']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="what the set was unpacked to")
    parser.add_argument("--set", metavar="NAME", help=f"one of {', '.join(LAYOUTS)}, where the files do not tell")
    parser.add_argument("--queries", type=int, default=10_000, help="questions to ask, at most")
    parser.add_argument("--backbone", default="lite2", metavar="NAME", help="as DEEP_BACKBONE names it")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the JSON there")
    parser.add_argument("--json", action="store_true", help="print the JSON")
    arguments = parser.parse_args()
    try:
        known = read_set(arguments.folder, arguments.set)
    except LayoutError as error:
        sys.exit(str(error))
    os.environ["DEEP_BACKBONE"] = arguments.backbone
    start_django()
    asked = min(len(known.questions), arguments.queries)
    published = [
        {"system": each.system, "measure": each.measure, "value": each.value, "source": each.source}
        for each in PUBLISHED.get(known.key, ())
    ]
    document = {
        "machine": describe_machine(),
        "command": command_line(),
        "data": f"{known.title}: {known.searched:,} pictures searched, {asked:,} questions",
        "backbone": arguments.backbone,
        "measures": list(known.measures),
        "runs": measure(known, arguments.queries),
        "published": published,
    }
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.json:
        print(json.dumps(document))
    else:
        show(document)


if __name__ == "__main__":
    main()
