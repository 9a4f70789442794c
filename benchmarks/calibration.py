"""Whether "1 random pair in N" holds: seen / said, of small libraries, of one kind of images, and of mixed ones.

    python benchmarks/calibration.py --images FOLDER [--draws 10] [--out FILE] [--json]

Tables are fitted to some images and asked about pairs of others. 1 is exact, above 1 rarity is overstated; the goal is
within a factor of two. Beside photographs stand radiograph-like renderings of them: gray, dark around an oval, alike in
all but their inside, as slices of a scan are. What is printed is the median of the draws; "own" is without the
background that ships.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.machine import command_line, describe_machine
from search.generations.library_kinds import CONTENT, make_kinds
from search.generations.random_rows import RandomRows
from search.methods import Method
from search.scoring.background import background_of
from search.scoring.calibration import Sampling, fit, sample_cosines, sample_scores
from search.scoring.copies import no_copies
from search.scoring.kinds import NONE
from search.scoring.score import RowPairs
from search.scoring.segments import MethodRows, Segment, Snapshot, fit_tables
from search.types import RGBImage, Scores, Vectors

LEVELS = (1.0, 2.0, 3.0, 4.0)
COLUMNS = tuple(f"1e-{level:.0f}" for level in LEVELS)
LEAST_PAIRS = 10
"""A level is left out where fewer pairs than these would reach it if the claim held."""
BATCH, SEED, SMALL = 32, 20, 70
TOLD = Sampling(rows=1000, queries=150, partners=100)
MIXED_DRAWS = 5
CHEAP, COSTLY = 120_000, 15_000
"""Pairs that are asked about in mixed libraries, by methods with a dot product and by others."""


def radiograph(image: RGBImage, seed: int) -> RGBImage:
    """Render a photograph as if it were a slice of a scan: an oval on black, its inside gray and soft; 224 x 224."""
    generator = np.random.default_rng(seed)
    side = 224
    inside = cv2.GaussianBlur(cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (side, side)), (0, 0), 2.5)
    middle = (side // 2 + generator.integers(-8, 9, 2)).tolist()
    axes = np.array([62, 80]) + generator.integers(0, 23, 2)
    skull, brain = (
        cv2.ellipse(np.zeros((side, side), np.uint8), middle, (axes - edge).tolist(), 0, 0, 360, 1, -1)
        for edge in (0, 8)
    )
    rendered = np.where(brain > 0, 50 + 0.45 * inside, skull * 190.0)
    noisy = cv2.GaussianBlur(rendered, (0, 0), 1.2) + generator.normal(0, 4, (side, side)) * skull
    return np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def describe(images: Sequence[RGBImage], methods: dict[str, Method]) -> dict[str, Vectors]:
    found: dict[str, list[Vectors]] = {name: [] for name in methods}
    for start in range(0, len(images), BATCH):
        for name, method in methods.items():
            found[name].append(method.describe(images[start : start + BATCH]))
        print(f"{start + BATCH} of {len(images)} described", end="\r", file=sys.stderr)
    return {name: np.concatenate(rows) for name, rows in found.items()}


def sample(method: Method, vectors: Vectors, rows: NDArray[np.int64], seed: int) -> Scores:
    if method.pairwise or method.reranks:
        return sample_scores(method.scores, vectors, np.sort(rows), seed, TOLD)
    return sample_cosines(vectors, np.sort(rows), seed, TOLD)


def seen_by_said(decades: NDArray[np.float64]) -> list[float | None]:
    """Return seen / said at each level; None where the pairs are too few to tell, or nothing so rare is ever said."""
    found: list[float | None] = []
    for level in LEVELS:
        reached = decades[decades >= level - 1e-9]
        said = 10.0 ** -float(reached.min()) if len(reached) else 0.0
        # Where scores are few values, what is said above a level may be rarer than the level.
        enough = len(decades) * (said or 10.0**-level) >= LEAST_PAIRS
        found.append(len(reached) / len(decades) / said if enough and said else None)
    return found


def halves(num: int, fitted: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw images to fit to, and leave the others to be asked about."""
    order = np.random.default_rng(seed).permutation(num)
    return order[:fitted], order[fitted:]


def measure(method: Method, vectors: Vectors, fitted: int, draws: int, *, lent: bool) -> list[float | None]:
    """Return the median of seen / said over draws of so many images of one set."""
    prior = background_of(method.name, method.version) if lent else None
    found = []
    for seed in range(draws):
        ours, others = halves(len(vectors), fitted, SEED + seed)
        table = fit(sample(method, vectors, ours, seed), prior, fitted)
        found.append(seen_by_said(table.decades_of(sample(method, vectors, others, seed))))
    return medians(found)


@dataclass(frozen=True)
class Mixed:
    """A library of two halves, of photographs and of scans, as a generation would judge it; the others are asked."""

    methods: dict[str, Method]
    sets: dict[str, dict[str, Vectors]]
    seed: int

    @cached_property
    def parts(self) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        return {
            name: halves(len(rows[CONTENT]), len(rows[CONTENT]) // 2, self.seed) for name, rows in self.sets.items()
        }

    @cached_property
    def segment(self) -> Segment:
        ours = {
            name: np.concatenate([rows[name][self.parts[each][0]] for each, rows in self.sets.items()])
            for name in self.methods
        }
        num = len(ours[CONTENT])
        rows = {name: MethodRows(self.methods[name].version, vectors) for name, vectors in ours.items()}
        return Segment(np.arange(num), np.ones(num, bool), rows)

    @cached_property
    def snapshots(self) -> dict[str, Snapshot]:
        """Return what judges: the whole library's pairs alone, and with those of its kinds."""
        every = np.arange(len(self.segment.image_ids))
        drawn = RandomRows(self.segment, self.methods, SEED, no_copies)
        tables = {
            name: fit_tables(held, self.methods[name], drawn.of(every), SEED)
            for name, held in self.segment.methods.items()
        }
        whole = Snapshot((self.segment,), tables)
        found = make_kinds(self.segment, self.methods, whole.calibrations, drawn, SEED)
        return {"": whole, ", kinds": replace(whole, kinds=found and found[0])}

    def measure(self, name: str) -> dict[str, list[float | None]]:
        """Return seen / said of pairs of photographs and of pairs of scans, by case."""
        found, method = {}, self.methods[name]
        for each, rows in self.sets.items():
            first, second = random_pairs(self.parts[each][1], COSTLY if method.pairwise or method.reranks else CHEAP)
            scores = RowPairs(rows[name], np.ones(len(rows[name]), bool), first, second).scores(
                method, np.ones(len(first), bool)
            )
            for said, snapshot in self.snapshots.items():
                of_rows = snapshot.kinds.places.of(rows[CONTENT]) if snapshot.kinds else np.full(len(rows[name]), NONE)
                judges = snapshot.pair_tables(of_rows[first], of_rows[second])
                found[f"{each} in a mixed library{said}"] = seen_by_said(judges.decades_of(name, scores))
        return found


def random_pairs(rows: NDArray[np.int64], most: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first, second = np.triu_indices(len(rows), k=1)
    chosen = np.random.default_rng(SEED).permutation(len(first))[:most]
    chosen.sort()  # pairs of one first image stand together
    return rows[first[chosen]], rows[second[chosen]]


def medians(found: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Return the median of each column over the rows that have it."""
    columns = [[value for value in column if value is not None] for column in zip(*found, strict=True)]
    return [round(float(np.median(column)), 2) if column else None for column in columns]


def medians_of(found: Sequence[dict[str, list[float | None]]]) -> dict[str, list[float | None]]:
    """Return the medians of cases that were measured several times."""
    return {case: medians([each[case] for each in found if case in each]) for case in found[0]}


def measure_all(
    methods: dict[str, Method], photographs: dict[str, Vectors], scans: dict[str, Vectors], draws: int
) -> list[dict[str, Any]]:
    rows = []
    mixed = [Mixed(methods, {"photographs": photographs, "scans": scans}, SEED + draw) for draw in range(MIXED_DRAWS)]
    for name, method in methods.items():
        shown, kind = photographs[name], scans[name]
        cases = {
            f"{SMALL} photographs": measure(method, shown, SMALL, draws, lent=True),
            f"{SMALL} photographs, own": measure(method, shown, SMALL, draws, lent=False),
            f"{SMALL} scans": measure(method, kind, SMALL, draws, lent=True),
            "half of the photographs": measure(method, shown, len(shown) // 2, 2, lent=True),
            "half of the scans": measure(method, kind, len(kind) // 2, 2, lent=True),
            **medians_of([each.measure(name) for each in mixed]),
        }
        rows += [
            {"method": name, "case": case, **dict(zip(COLUMNS, told, strict=True))} for case, told in cases.items()
        ]
    return rows


def show(rows: Sequence[dict[str, Any]]) -> None:
    print(f"{'method':<10}{'case':<40}" + "".join(f"{column:>8}" for column in COLUMNS))
    for row in rows:
        told = "".join(f"{'':>8}" if row[column] is None else f"{row[column]:>8.2f}" for column in COLUMNS)
        print(f"{row['method']:<10}{row['case']:<40}{told}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, metavar="FOLDER", help="with one folder per label")
    parser.add_argument("--draws", type=int, default=10, help="of small libraries")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the JSON there")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from benchmarks.encoder import load_photographs
    from search.features import registry

    images = load_photographs(arguments.images)[0]
    known = registry.methods().items()
    methods = {name: each for name, each in known if each.unavailable() is None and background_of(name, each.version)}
    photographs = describe(images, methods)
    scans = describe([radiograph(image, number) for number, image in enumerate(images[::2])], methods)
    rows = measure_all(methods, photographs, scans, arguments.draws)
    data = f"{len(images)} photographs of {arguments.images.name} and {len(images[::2])} renderings of them"
    document = {"machine": describe_machine(), "command": command_line(), "data": data, "rows": rows}
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.json:
        print(json.dumps(document))
    else:
        show(rows)


if __name__ == "__main__":
    main()
