"""Make the centroids by which keypoints are indexed again, of photographs of one's own.

    python benchmarks/keypoint_cells.py --images FOLDER --out search/methods/builtin/keypoint_cells.npz

Whoever changes the shipped file raises `VERSION` in `search/methods/keypoints/cells.py`, so that no query is compared
with cells that were cut otherwise.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from search.methods.keypoints.fit_cells import SEED, collect, fit_cells
from search.types import RGBImage

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def read(folder: Path) -> Iterator[RGBImage]:
    """Yield the photographs of a folder in an order drawn by chance, the same each time."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    for place in np.random.default_rng(SEED).permutation(len(paths)).tolist():
        pixels = cv2.imread(str(paths[place]))
        if pixels is not None:
            yield np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    arguments = parser.parse_args()
    with arguments.out.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **fit_cells(collect(read(arguments.images))))


if __name__ == "__main__":
    main()
