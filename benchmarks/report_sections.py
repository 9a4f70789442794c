"""The sections of the page that `report.py` writes: of which file each is made, by which command, on which data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.report_tables import (
    ANN,
    CALIBRATION,
    HASHES,
    NETWORKS,
    REDUCTION,
    SEARCH,
    encoder,
    known_set,
    methods,
    quality,
    runs_table,
)

CALTECH = "900 photographs of 60 classes of Caltech-101, 15 each, longest side 224 pixels"
CLAIMS_COMMAND = "python benchmarks/claims.py --images FOLDER --out docs/measurements/"
EARLIER = "; by the default weights (0.2, 0.1, 0.4, 0.15, 0.15) and presets before those of 2026-11-28"
SYNTHETIC = "synthetic rows in clusters, with the dimensions of the real methods"
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page that one file fills."""

    title: str
    file: str
    command: str  # that makes the file
    data: str
    render: Callable[[Document], list[str]]


SECTIONS = [
    Section(
        "Methods and fusion, network from a package",
        "claims-packaged",
        f"{CLAIMS_COMMAND}claims-packaged.json",
        CALTECH,
        quality,
    ),
    Section(
        "Methods and fusion, built-in encoder",
        "claims-built-in",
        f"{CLAIMS_COMMAND}claims-built-in.json --backbone compact",
        CALTECH + "; 45 of the classes were seen in training" + EARLIER,
        quality,
    ),
    Section(
        "Methods and fusion, pretrained backbone",
        "claims-pretrained",
        f"{CLAIMS_COMMAND}claims-pretrained.json --deep-weights FILE",
        CALTECH + EARLIER,
        quality,
    ),
    Section(
        "Networks of the content method",
        "networks",
        "python benchmarks/networks.py --images FOLDER --out docs/measurements/networks.json",
        CALTECH,
        runs_table("runs", NETWORKS),
    ),
    Section(
        "A well-known set",
        "published",
        "python benchmarks/published.py FOLDER --out docs/measurements/published.json",
        "a set in the layout that its authors gave it",
        known_set,
    ),
    Section(
        "Calibration",
        "calibration",
        "python benchmarks/calibration.py --images FOLDER --out docs/measurements/calibration.json",
        CALTECH + ", and renderings of every other one as slices of a scan. Seen / said: 1 is exact, above 1 rarity is"
        " overstated; empty where the pairs are too few to tell",
        runs_table("rows", CALIBRATION),
    ),
    Section(
        "The built-in encoder",
        "encoder",
        "python benchmarks/encoder.py --out docs/measurements/encoder.json",
        CALTECH,
        encoder,
    ),
    Section(
        "Time of each method",
        "methods",
        "python benchmarks/methods.py --out docs/measurements/methods.json",
        "64 photographs, longest side 224 pixels",
        methods,
    ),
    Section(
        "PCA",
        "reduction",
        "python benchmarks/reduction.py --out docs/measurements/reduction.json",
        "real features",
        runs_table("runs", REDUCTION),
    ),
    Section(
        "One fused query",
        "search",
        "python benchmarks/search.py --out docs/measurements/search.json",
        SYNTHETIC,
        runs_table("runs", SEARCH),
    ),
    Section(
        "One fused query among a million",
        "ann-large",
        "python benchmarks/search.py --rows 1000000 --out docs/measurements/ann-large.json",
        SYNTHETIC,
        runs_table("runs", SEARCH),
    ),
    Section(
        "ANN indexes",
        "ann",
        "python benchmarks/ann.py --out docs/measurements/ann.json",
        "real features",
        runs_table("results", ANN),
    ),
    Section(
        "Hash codes",
        "hashes",
        "python benchmarks/hashes.py --rows 1e6 1e7 1e8 --out " + "docs/measurements/hashes.json",
        "codes made by chance; queries are codes of the index with 0 to 7 bits changed",
        runs_table("results", HASHES),
    ),
]
