"""Spotify's Annoy: forests of random hyperplanes in one memory-mapped file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError, IndexUnavailableError
from search.index.annoy_files import AnnoyFiles, check_size, cosines_of, num_trees
from search.index.base import Found, nothing_found
from search.index.files import path_of

CHUNK_ROWS = 4096


class AnnoyBackend(AnnoyFiles):
    """Angular Annoy index; `annoy` must have been compiled on this machine."""

    name: ClassVar[str] = "annoy"
    library: ClassVar[str] = "annoy"

    def __init__(self, dim: int, rows: int, index: Any) -> None:
        super().__init__(dim, rows)
        self._index = index

    @classmethod
    def unavailable(cls) -> IndexUnavailableError | None:
        if find_spec("annoy") is None:
            return IndexUnavailableError("annoy_missing")
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
        from annoy import AnnoyIndex

        index = AnnoyIndex(vectors.shape[1], "angular")
        index.set_seed(seed)
        for start in range(0, len(vectors), CHUNK_ROWS):
            # lists are taken a third faster than array rows
            for offset, row in enumerate(vectors[start : start + CHUNK_ROWS].tolist()):
                index.add_item(start + offset, row)
        index.build(num_trees(quality, hints), n_jobs=threads)
        index.save(str(path_of(uri)))

    @classmethod
    def open(cls, uri: str, dim: int, rows: int) -> Self:
        from annoy import AnnoyIndex

        path = path_of(uri)
        check_size(path, dim)
        index = AnnoyIndex(dim, "angular")
        index.load(str(path), prefault=True)  # it has just been read whole, and faults would slow the first queries
        if index.get_n_items() != rows:
            about = {"file": path.name, "expected": rows, "got": index.get_n_items()}
            raise IndexDamagedError("index_rows_wrong", **about)
        return cls(dim, rows, index)

    def _nearest(
        self, vectors: NDArray[np.float32], k: int, quality: float, allowed: NDArray[np.bool_] | None
    ) -> Found:
        found, cosines = nothing_found(len(vectors), k)
        nodes = self._nodes(k, quality, self._index.get_n_trees())
        for place, vector in enumerate(vectors.tolist()):
            rows, distances = self._index.get_nns_by_vector(vector, k, search_k=nodes, include_distances=True)
            found[place, : len(rows)] = rows
            cosines[place, : len(rows)] = cosines_of(np.array(distances, np.float32))
        return found, cosines
