"""OpenCV's index: the same engine and file as Annoy, inside the OpenCV 5 wheel, so nothing is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError, IndexUnavailableError
from search.index.annoy_files import AnnoyFiles, check_size, cosines_of, num_trees
from search.index.base import Found
from search.index.files import path_of


class OpencvBackend(AnnoyFiles):
    """Angular `cv2.ANNIndex`."""

    name: ClassVar[str] = "cv2"
    library: ClassVar[str] = "opencv-python-headless"

    def __init__(self, dim: int, rows: int, index: Any) -> None:
        super().__init__(dim, rows)
        self._index = index

    @classmethod
    def unavailable(cls) -> IndexUnavailableError | None:
        if not hasattr(cv2, "ANNIndex"):
            return IndexUnavailableError("opencv_without_index", version=cv2.__version__)
        return None

    @classmethod
    def _build(
        cls,
        vectors: NDArray[np.float32],
        uri: str,
        seed: int,
        threads: int,
        quality: float,
        hints: Mapping[str, int],
    ) -> None:
        index = _new_index(vectors.shape[1])
        index.setSeed(seed)
        index.addItems(np.ascontiguousarray(vectors))  # all at once: a second call numbers from 0 again
        index.build(num_trees(quality, hints))
        index.save(str(path_of(uri)))

    @classmethod
    def open(cls, uri: str, dim: int, rows: int) -> Self:
        path = path_of(uri)
        check_size(path, dim)
        index = _new_index(dim)
        index.load(str(path), True)  # prefault: it has just been read whole, and faults would slow the first queries
        if index.getItemNumber() != rows:
            about = {"file": path.name, "expected": rows, "got": index.getItemNumber()}
            raise IndexDamagedError("index_rows_wrong", **about)
        return cls(dim, rows, index)

    def _nearest(
        self, vectors: NDArray[np.float32], k: int, quality: float, allowed: NDArray[np.bool_] | None
    ) -> Found:
        # It leaves places that it cannot fill as they are, so they are marked; a query of another length would be
        # read beyond its end, which `search` has ruled out.
        rows = np.full((len(vectors), k), -1, np.int32)
        distances = np.zeros((len(vectors), k), np.float32)
        nodes = self._nodes(k, quality, self._index.getTreeNumber())
        for place in range(len(vectors)):
            one = slice(place, place + 1)
            self._index.knnSearch(vectors[one], k, rows[one], distances[one], nodes)
        return rows.astype(np.int64), np.where(rows >= 0, cosines_of(distances), np.float32(-np.inf))


def _new_index(dim: int) -> Any:
    api: Any = cv2  # the wheel's type stubs do not know the class under every version
    return api.ANNIndex.create(dim, api.ANNINDEX_DIST_ANGULAR)
