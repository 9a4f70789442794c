"""How sure the tiers of duplicates are: on photographs with edited copies among them; and how long candidates take.

    python benchmarks/duplicates.py [--images FOLDER] [--originals 250] [--rows 100000] [--out FILE] [--json]

--images is a folder with one folder per label; by default `caltech-dev` in LIKENESS_DATA. Of so many photographs every
kind of copy of `search/evaluation/augmentations.py` is made, and all of it becomes one library. A pair is right when
both images come from one photograph. Photographs that occur twice in the folder count as wrong, so the precision is
the least it can be; wrong pairs of two photographs as they are, which somebody may well call duplicates, are counted by
themselves, and so are wrong pairs that are no copies of such two.
Candidates are also looked for among `--rows` random rows, in which none are near: what is timed is the work of the
blocks.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.encoder import DEVELOPMENT, load_photographs
from benchmarks.machine import command_line, describe_machine
from search.evaluation.augmentations import EDITS, edit
from search.types import RGBImage, Vectors

ORIGINAL = "original"
BATCH = 64
SEED = 20
TIERS = {3: "edited", 4: "near"}


def copies_of(photographs: list[RGBImage], count: int) -> tuple[list[RGBImage], NDArray[np.int64], NDArray[np.str_]]:
    """Return the photographs and every copy of some of them, the photograph that each shows, and its edit."""
    chosen = np.random.default_rng(SEED).choice(len(photographs), min(count, len(photographs)), replace=False)
    images, sources, edits = list(photographs), list(range(len(photographs))), [ORIGINAL] * len(photographs)
    for number in np.sort(chosen).tolist():
        for name in EDITS:
            images.append(edit(name, photographs[number], number))
            sources.append(number)
            edits.append(name)
    return images, np.array(sources, np.int64), np.array(edits)


def describe(images: list[RGBImage]) -> dict[str, Vectors]:
    """Describe images by the methods that the evidence rests on."""
    from review.duplicates.find.measure import METHODS
    from search.features import registry
    from search.methods import DerivedMethod

    methods = {name: registry.methods()[name] for name in METHODS}
    derived = {name for name, method in methods.items() if isinstance(method, DerivedMethod) and method.derives}
    found: dict[str, list[Any]] = {name: [] for name in METHODS}
    for start in range(0, len(images), BATCH):
        for name in METHODS:
            if name not in derived:
                found[name].append(methods[name].describe(images[start : start + BATCH]))
    vectors = {name: np.concatenate(rows) for name, rows in found.items() if rows}
    return vectors | {name: methods[name].derive(vectors[methods[name].source]) for name in derived}


def make_snapshot(vectors: dict[str, Vectors], background: NDArray[np.int64]) -> Any:
    """Return vectors as a search sees them, calibrated on the rows of the background."""
    from search.features import registry
    from search.methods import PairwiseMethod
    from search.scoring.segments import MethodRows, Segment, Snapshot, fit_tables

    rows, tables = {}, {}
    for name, values in vectors.items():
        method = registry.methods()[name]
        proxies = method.proxy(values) if isinstance(method, PairwiseMethod) else None
        rows[name] = MethodRows(method.version, values, None, proxies)
        tables[name] = fit_tables(rows[name], method, background, SEED)
    num = len(next(iter(vectors.values())))
    return Snapshot((Segment(np.arange(1, num + 1), np.ones(num, bool), rows),), tables)


def measure_tiers(images: list[RGBImage], sources: NDArray[np.int64], edits: NDArray[np.str_]) -> dict[str, Any]:
    """Find and judge pairs; count right and wrong ones by tier, and how many copies are linked to their original."""
    from review.duplicates.find.evidence import judge
    from review.duplicates.find.measure import METHODS, find_candidates, measure

    snapshot = make_snapshot(describe(images), np.flatnonzero(edits == ORIGINAL))
    ids = np.asarray(snapshot.segments[0].image_ids)
    pairs, seconds = timed(lambda: find_candidates(snapshot, ids, np.ones(len(ids), bool), lambda _share: None))
    raw, measuring = timed(lambda: measure(snapshot, pairs))
    tables = {name: table.raw for name, table in snapshot.tables.items()}
    judged = judge(dict(zip(METHODS, raw, strict=True)), tables, pairs.size)
    first, second = pairs.first - 1, pairs.second - 1
    right = sources[first] == sources[second]
    untouched = (edits[first] == ORIGINAL) & (edits[second] == ORIGINAL)
    twice = alike_photographs(sources[first], sources[second], untouched & (judged.tier > 0))
    return {
        "images": len(images),
        "pairs_measured": pairs.size,
        "seconds": {"candidates": seconds, "measuring": measuring},
        "tiers": {name: count(judged.tier == tier, right, untouched, twice) for tier, name in TIERS.items()},
        "copies_found": found_copies(first, second, judged.tier, sources, edits),
    }


def alike_photographs(one: NDArray[np.int64], other: NDArray[np.int64], linked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell of pairs whether the photographs that they come from are linked as they are."""
    top = 1 + max(int(one.max(initial=0)), int(other.max(initial=0)))
    keys = np.minimum(one, other) * top + np.maximum(one, other)
    return np.asarray(np.isin(keys, keys[linked]))


def count(
    taken: NDArray[np.bool_], right: NDArray[np.bool_], untouched: NDArray[np.bool_], twice: NDArray[np.bool_]
) -> dict[str, Any]:
    """Return how many pairs of a tier are right, and where the wrong ones come from."""
    num, wrong = int(np.count_nonzero(taken)), taken & ~right
    num_right = num - int(np.count_nonzero(wrong))
    return {
        "pairs": num,
        "right": num_right,
        "precision": round(num_right / num, 4) if num else None,
        "wrong_of_two_photographs_as_they_are": int(np.count_nonzero(wrong & untouched)),
        "wrong_otherwise": int(np.count_nonzero(wrong & ~twice)),
    }


def found_copies(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    tiers: NDArray[np.int8],
    sources: NDArray[np.int64],
    edits: NDArray[np.str_],
) -> dict[str, dict[str, float]]:
    """Return of each edit which share of the copies is linked to its original, as edited copy and in any tier."""
    found = {}
    for name in EDITS:
        shares = {}
        for key, taken in (("edited", tiers == 3), ("any", tiers > 0)):
            ends = np.concatenate(
                [second[taken & (sources[second] == first)], first[taken & (sources[first] == second)]]
            )
            copies = np.flatnonzero(edits == name)
            shares[key] = round(np.count_nonzero(np.isin(copies, ends)) / max(len(copies), 1), 4)
        found[name] = shares
    return found


def measure_blocks(rows: int) -> dict[str, Any]:
    """Time the search for candidates among random rows: all of them new, then a hundred."""
    from review.duplicates.find.candidates import near_rows
    from search.index.hash_join import near_codes
    from search.methods.phash import orientations

    generator = np.random.default_rng(SEED)
    vectors = generator.standard_normal((rows, 128), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    codes = generator.integers(0, 256, (rows, 8), np.uint8)
    turned, orienting = timed(lambda: np.array([orientations(code) for code in codes]))
    seconds: dict[str, Any] = {"rows": rows, "orientations": orienting}
    for name, fresh in (("all", np.ones(rows, bool)), ("hundred", np.arange(rows) < 100)):
        seconds[f"cosines_{name}"] = timed(lambda new=fresh: near_rows(vectors, new, least=0.5, most=16))[1]
        seconds[f"fingerprints_{name}"] = timed(lambda new=fresh: near_codes(codes, turned, new, most_bits=6))[1]
    return seconds


def timed(work: Any) -> tuple[Any, float]:
    """Return what a call returns, and its wall seconds."""
    began = time.perf_counter()
    return work(), round(time.perf_counter() - began, 2)


def start_django() -> None:
    """Set the program up in a folder of its own; its database is not used."""
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="likeness-duplicates-")
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()


def show(document: dict[str, Any]) -> None:
    """Print figures for people."""
    found = document["quality"]
    print(f"{found['images']} images, {found['pairs_measured']} pairs measured in {found['seconds']} s")
    for name, tier in found["tiers"].items():
        print(
            f"{name:8} {tier['pairs']:6} pairs, precision {tier['precision']}; wrong: of two photographs as they are"
            f" {tier['wrong_of_two_photographs_as_they_are']}, not even copies of such {tier['wrong_otherwise']}"
        )
    for name, shares in found["copies_found"].items():
        print(f"{name:12} linked to its original: {shares['edited']:.3f} as edited, {shares['any']:.3f} at all")
    print("candidates among random rows, seconds:", document["blocks"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, default=DEVELOPMENT / "caltech-dev")
    parser.add_argument("--originals", type=int, default=250, help="photographs of which copies are made")
    parser.add_argument("--rows", type=int, default=100_000, help="random rows to look for candidates among")
    parser.add_argument("--out", type=Path, help="write the JSON to this file too")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not arguments.images.is_dir():
        sys.exit(f"There is no folder {arguments.images}; say where photographs lie: --images FOLDER")
    start_django()
    photographs, _labels = load_photographs(arguments.images)
    document = {
        "command": command_line(),
        "machine": describe_machine(),
        "data": f"{len(photographs)} photographs, {len(EDITS)} copies of each of {arguments.originals}",
        "quality": measure_tiers(*copies_of(photographs, arguments.originals)),
        "blocks": measure_blocks(arguments.rows),
    }
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.json:
        print(json.dumps(document))
    else:
        show(document)


if __name__ == "__main__":
    main()
