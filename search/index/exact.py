"""Exact search by one matrix-vector product: the measure of the others, and the last resort."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError
from search.index.base import Capabilities, Found, nothing_found
from search.index.files import FileBackend, path_of
from search.index.matrices import about_array


class ExactBackend(FileBackend):
    """All rows, compared one by one."""

    name: ClassVar[str] = "exact"
    suffix: ClassVar[str] = ".npy"
    capabilities: ClassVar[Capabilities] = Capabilities(filters=True)

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        super().__init__(vectors.shape[1], len(vectors))
        self._vectors = vectors

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
        with path_of(uri).open("wb") as file:
            np.save(file, vectors)

    @classmethod
    def open(cls, uri: str, dim: int, rows: int) -> Self:
        path = path_of(uri)
        try:
            vectors = np.asarray(np.load(path, mmap_mode="r"))
        except (OSError, ValueError) as error:
            raise IndexDamagedError("array_unreadable", file=path.name, cause=str(error)) from error
        if vectors.shape != (rows, dim) or vectors.dtype != np.float32:
            raise IndexDamagedError("array_wrong", **about_array(path, vectors, (rows, dim), np.float32))
        return cls(vectors)

    def _nearest(
        self, vectors: NDArray[np.float32], k: int, quality: float, allowed: NDArray[np.bool_] | None
    ) -> Found:
        found, cosines = nothing_found(len(vectors), k)
        for place, vector in enumerate(vectors):
            scores = self._vectors @ vector
            if allowed is not None:
                scores[~allowed] = -np.inf
            # Only the best are put in order; to sort all rows would cost about as much as comparing them.
            rows = np.argpartition(scores, len(scores) - k)[len(scores) - k :]
            # Of equal cosines the lower row first: what others are measured by must not depend on chance.
            rows = rows[np.lexsort((rows, -scores[rows]))]
            found[place], cosines[place] = np.where(np.isneginf(scores[rows]), -1, rows), scores[rows]
        return found, cosines
