"""OpenCV's `cv2.ANNIndex`: the same engine and file as Annoy, inside the OpenCV 5 wheel, so nothing is compiled."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError
from search.index.base import IndexBackend, check_matrix, cosines_of, holds_nodes


class OpencvBackend(IndexBackend):
    """Angular `cv2.ANNIndex`."""

    name: ClassVar[str] = "cv2"
    suffix: ClassVar[str] = ".annoy"

    def __init__(self, dim: int, rows: int, index: Any) -> None:
        super().__init__(dim, rows)
        self._index = index

    @classmethod
    def unavailable(cls) -> str | None:
        if not hasattr(cv2, "ANNIndex"):
            return f"OpenCV {cv2.__version__} has no ANNIndex; it came with OpenCV 5"
        return None

    @classmethod
    def build(cls, vectors: NDArray[np.float32], path: Path, *, trees: int, seed: int, threads: int) -> None:
        check_matrix(vectors)
        index = _new_index(vectors.shape[1])
        index.setSeed(seed)
        index.addItems(np.ascontiguousarray(vectors))  # all at once: a second call numbers from 0 again
        index.build(trees)
        index.save(str(path))

    @classmethod
    def load(cls, path: Path, dim: int, rows: int) -> Self:
        if not holds_nodes(path, dim):
            raise IndexDamagedError(f"{path.name}: expected an Annoy file of {dim}-d rows; its size does not fit")
        index = _new_index(dim)
        index.load(str(path), True)  # prefault: it has just been read whole, and faults would slow the first queries
        if index.getItemNumber() != rows:
            raise IndexDamagedError(f"{path.name}: expected {rows} rows, the file holds {index.getItemNumber()}")
        return cls(dim, rows, index)

    def _nearest(
        self, vector: NDArray[np.float32], k: int, effort: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        # It leaves places that it cannot fill as they are, so they are marked; a query of another length would be
        # read beyond its end, which `query` has ruled out.
        rows = np.full((1, k), -1, np.int32)
        distances = np.zeros((1, k), np.float32)
        self._index.knnSearch(vector[None, :], k, rows, distances, effort or -1)
        found = rows[0] >= 0
        return rows[0][found].astype(np.int64), cosines_of(distances[0][found])


def _new_index(dim: int) -> Any:
    api: Any = cv2  # the wheel's type stubs do not know the class under every version
    return api.ANNIndex.create(dim, api.ANNINDEX_DIST_ANGULAR)
