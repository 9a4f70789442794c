"""Facebook's FAISS, an optional extra: a graph of near neighbors (HNSW), and plain comparison of all rows."""

from __future__ import annotations

from abc import abstractmethod
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError
from search.index.base import IndexBackend, check_matrix

CHUNK_ROWS = 65_536
LINKS = 32
"""Neighbors kept of each row of the graph; twice as many on its lowest level."""
BUILD_EFFORT = 80
"""Candidates held while a row's neighbors are looked for."""
LEAST_EFFORT = 32


class _FaissBackend(IndexBackend):
    """What both indexes share: their files are FAISS's own, and are mapped."""

    def __init__(self, dim: int, rows: int, index: Any) -> None:
        super().__init__(dim, rows)
        self._index = index

    @classmethod
    def unavailable(cls) -> str | None:
        if find_spec("faiss") is None:
            return "faiss is not installed: pip install faiss-cpu"
        return None

    @classmethod
    @abstractmethod
    def _new(cls, dim: int, seed: int) -> Any:
        """Return an empty index."""

    @classmethod
    def build(cls, vectors: NDArray[np.float32], path: Path, *, trees: int, seed: int, threads: int) -> None:
        import faiss

        check_matrix(vectors)
        index = cls._new(vectors.shape[1], seed)
        before = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(threads)
        try:
            for start in range(0, len(vectors), CHUNK_ROWS):
                index.add(np.ascontiguousarray(vectors[start : start + CHUNK_ROWS]))
        finally:
            faiss.omp_set_num_threads(before)
        faiss.write_index(index, str(path))

    @classmethod
    def load(cls, path: Path, dim: int, rows: int) -> Self:
        import faiss

        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexDamagedError(f"{path.name}: expected a FAISS index; {error}") from error
        kind = type(cls._new(dim, 0))
        if type(index) is not kind or index.metric_type != faiss.METRIC_INNER_PRODUCT:
            raise IndexDamagedError(f"{path.name}: expected a {kind.__name__} of cosines, got {type(index).__name__}")
        if (index.ntotal, index.d) != (rows, dim):
            raise IndexDamagedError(
                f"{path.name}: expected {rows} rows of {dim} numbers, the file holds {index.ntotal} of {index.d}"
            )
        return cls(dim, rows, index)

    def _nearest(
        self, vector: NDArray[np.float32], k: int, effort: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        scores, rows = self._index.search(vector[None], k, params=self._parameters(k, effort))
        found = rows[0] >= 0  # places that the graph could not fill
        return rows[0][found], scores[0][found]

    def _parameters(self, k: int, effort: int) -> Any:
        """Return how hard to look, None where there is no choice."""
        return None


class FaissHnswBackend(_FaissBackend):
    """A graph that leads from row to nearer row.

    Source: Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical navigable
    small world graphs", PAMI 2018. Each step looks at all neighbors of a row, so an effort of `n` nodes is `n / LINKS`
    steps; with several threads the graph depends on chance.
    """

    name: ClassVar[str] = "faiss_hnsw"
    suffix: ClassVar[str] = ".hnsw"

    @classmethod
    def _new(cls, dim: int, seed: int) -> Any:
        import faiss

        api: Any = faiss  # the type stubs of the wheel know only part of it
        index = api.IndexHNSWFlat(dim, LINKS, api.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = BUILD_EFFORT
        index.hnsw.rng = api.RandomGenerator(seed)
        return index

    def _parameters(self, k: int, effort: int) -> Any:
        import faiss

        api: Any = faiss
        return api.SearchParametersHNSW(efSearch=max(k, effort // LINKS, LEAST_EFFORT))


class FaissFlatBackend(_FaissBackend):
    """All rows, compared one by one by FAISS."""

    name: ClassVar[str] = "faiss_flat"
    suffix: ClassVar[str] = ".flat"

    @classmethod
    def _new(cls, dim: int, seed: int) -> Any:
        import faiss

        return faiss.IndexFlatIP(dim)
