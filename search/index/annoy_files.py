"""What Annoy and OpenCV share: the files, their distances, and how many nodes of the trees are looked at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError
from search.index.files import FileBackend
from search.index.quality import COST_RATIO, DEPTH, between, quality_of

LEAST_TREES, MOST_TREES = 5, 80
LEAST_NODES = 1000
_LINK_BYTES = 12


class AnnoyFiles(FileBackend):
    """A forest of random hyperplanes over rows compared by angle."""

    suffix = ".annoy"

    def _nodes(self, k: int, quality: float, trees: int) -> int:
        """Return how many nodes to look at, Annoy's `search_k`."""
        # Whoever asks for every row gets them only if all trees are walked to the end.
        if k >= self.rows:
            return trees * self.rows
        return round(between(LEAST_NODES, self.rows // COST_RATIO, quality) * max(1.0, k / DEPTH))

    def quality_of_effort(self, effort: int) -> float:
        return quality_of(LEAST_NODES, self.rows // COST_RATIO, effort)


def num_trees(quality: float, hints: Mapping[str, int]) -> int:
    """Return how many trees to grow: as many as somebody wished, or as the quality asks for."""
    return hints.get("trees") or round(between(LEAST_TREES, MOST_TREES, quality))


def check_size(path: Path, dim: int) -> None:
    """Raise IndexDamagedError unless the file could hold nodes: each is 12 bytes of links, and a vector."""
    # Annoy itself checks nothing: of a file that was cut it would read beyond the end.
    size = path.stat().st_size if path.is_file() else 0
    if not size or size % (_LINK_BYTES + 4 * dim):
        raise IndexDamagedError("annoy_size_wrong", file=path.name, dim=dim)


def cosines_of(angular: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosines that belong to Annoy's angular distances, sqrt(2 - 2 cos)."""
    return np.asarray(1 - np.square(angular) / 2, np.float32)
