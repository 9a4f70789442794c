"""Exact search by one matrix-vector product: the measure of the others, and the last resort."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError
from search.index.base import IndexBackend, check_matrix


class ExactBackend(IndexBackend):
    """All rows, compared one by one."""

    name: ClassVar[str] = "exact"
    suffix: ClassVar[str] = ".npy"

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        super().__init__(vectors.shape[1], len(vectors))
        self._vectors = vectors

    @classmethod
    def build(cls, vectors: NDArray[np.float32], path: Path, *, trees: int, seed: int, threads: int) -> None:
        check_matrix(vectors)
        with path.open("wb") as file:
            np.save(file, vectors)

    @classmethod
    def load(cls, path: Path, dim: int, rows: int) -> Self:
        try:
            vectors = np.asarray(np.load(path, mmap_mode="r"))
        except ValueError as error:
            raise IndexDamagedError(f"{path.name}: expected an array file; {error}") from error
        if vectors.shape != (rows, dim) or vectors.dtype != np.float32:
            raise IndexDamagedError(
                f"{path.name}: expected float32 of shape {(rows, dim)}, got {vectors.dtype} of {vectors.shape}"
            )
        return cls(vectors)

    def _nearest(
        self, vector: NDArray[np.float32], k: int, effort: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        scores = self._vectors @ vector
        rows = np.argpartition(scores, len(scores) - k)[len(scores) - k :]
        rows = rows[np.lexsort((rows, -scores[rows]))]
        return rows.astype(np.int64), scores[rows]
