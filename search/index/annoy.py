"""Spotify's Annoy: forests of random hyperplanes in one memory-mapped file."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError
from search.index.base import IndexBackend, check_matrix, cosines_of, holds_nodes

CHUNK_ROWS = 4096


class AnnoyBackend(IndexBackend):
    """Angular Annoy index; `annoy` must have been compiled on this machine."""

    name: ClassVar[str] = "annoy"
    suffix: ClassVar[str] = ".annoy"

    def __init__(self, dim: int, rows: int, index: Any) -> None:
        super().__init__(dim, rows)
        self._index = index

    @classmethod
    def unavailable(cls) -> str | None:
        if find_spec("annoy") is None:
            return "annoy is not installed: it is compiled at install time, which needs a C++ compiler"
        return None

    @classmethod
    def build(cls, vectors: NDArray[np.float32], path: Path, *, trees: int, seed: int, threads: int) -> None:
        from annoy import AnnoyIndex

        check_matrix(vectors)
        index = AnnoyIndex(vectors.shape[1], "angular")
        index.set_seed(seed)
        for start in range(0, len(vectors), CHUNK_ROWS):
            # lists are taken a third faster than array rows
            for offset, row in enumerate(vectors[start : start + CHUNK_ROWS].tolist()):
                index.add_item(start + offset, row)
        index.build(trees, n_jobs=threads)
        index.save(str(path))

    @classmethod
    def load(cls, path: Path, dim: int, rows: int) -> Self:
        from annoy import AnnoyIndex

        if not holds_nodes(path, dim):
            raise IndexDamagedError(f"{path.name}: expected an Annoy file of {dim}-d rows; its size does not fit")
        index = AnnoyIndex(dim, "angular")
        index.load(str(path), prefault=True)  # it has just been read whole, and faults would slow the first queries
        if index.get_n_items() != rows:
            raise IndexDamagedError(f"{path.name}: expected {rows} rows, the file holds {index.get_n_items()}")
        return cls(dim, rows, index)

    def _nearest(
        self, vector: NDArray[np.float32], k: int, effort: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        rows, distances = self._index.get_nns_by_vector(
            vector.tolist(), k, search_k=effort or -1, include_distances=True
        )
        return np.array(rows, np.int64), cosines_of(np.array(distances, np.float32))
