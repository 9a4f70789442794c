"""Facebook's FAISS, an optional extra: a graph of near neighbors (HNSW), and plain comparison of all rows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError, IndexUnavailableError
from search.index.base import Capabilities, Found
from search.index.files import FileBackend, path_of
from search.index.quality import COST_RATIO, DEPTH, between, quality_of

CHUNK_ROWS = 65_536
LINKS = 32
"""Neighbors kept of each row of the graph; twice as many on its lowest level."""
LEAST_HELD = 32
"""Candidates held while the rows nearest to a query are looked for, FAISS's `efSearch`."""
LEAST_BUILDING, MOST_BUILDING = 40, 160
"""Candidates held while a row's neighbors are looked for, FAISS's `efConstruction`."""
ROUNDING = 1e-6


class _FaissBackend(FileBackend):
    """What both indexes share: their files are FAISS's own, and are mapped."""

    library: ClassVar[str] = "faiss-cpu"

    def __init__(self, dim: int, rows: int, index: Any) -> None:
        super().__init__(dim, rows)
        self._index = index

    @classmethod
    def unavailable(cls) -> IndexUnavailableError | None:
        if find_spec("faiss") is None:
            return IndexUnavailableError("faiss_missing")
        return None

    @classmethod
    @abstractmethod
    def _new(cls, dim: int, seed: int, quality: float) -> Any:
        """Return an empty index."""

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
        import faiss

        index = cls._new(vectors.shape[1], seed, quality)
        # The number is the whole process's, and searches go on in it meanwhile.
        before = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(threads)
        try:
            # In parts, since the rows are a mapped file that may be larger than the memory.
            for start in range(0, len(vectors), CHUNK_ROWS):
                index.add(np.ascontiguousarray(vectors[start : start + CHUNK_ROWS]))
        finally:
            faiss.omp_set_num_threads(before)
        faiss.write_index(index, str(path_of(uri)))

    @classmethod
    def open(cls, uri: str, dim: int, rows: int) -> Self:
        import faiss

        path = path_of(uri)
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexDamagedError("faiss_unreadable", file=path.name, cause=str(error)) from error
        kind = type(cls._new(dim, 0, 0.0))
        if type(index) is not kind or index.metric_type != faiss.METRIC_INNER_PRODUCT:
            about = {"file": path.name, "expected": kind.__name__, "got": type(index).__name__}
            raise IndexDamagedError("faiss_index_wrong", **about)
        if (index.ntotal, index.d) != (rows, dim):
            held = {"got_rows": index.ntotal, "got_dim": index.d}
            raise IndexDamagedError("faiss_rows_wrong", file=path.name, rows=rows, dim=dim, **held)
        return cls(dim, rows, index)

    def _nearest(
        self, vectors: NDArray[np.float32], k: int, quality: float, allowed: NDArray[np.bool_] | None
    ) -> Found:
        cosines, rows = self._index.search(vectors, k, params=self._parameters(k, quality, allowed))
        cosines[rows < 0] = -np.inf  # places that could not be filled
        return rows, cosines

    def _parameters(self, k: int, quality: float, allowed: NDArray[np.bool_] | None) -> Any:
        """Return how hard to look, and at what; None where there is no choice."""
        return None


class FaissHnswBackend(_FaissBackend):
    """A graph that leads from row to nearer row.

    Source: Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical navigable
    small world graphs", PAMI 2018. For each candidate held, all neighbors of a row are looked at. It leaves out no rows
    itself: a graph in which few rows count leads nowhere. With several threads the graph depends on chance.
    """

    name: ClassVar[str] = "faiss_hnsw"
    suffix: ClassVar[str] = ".hnsw"

    @classmethod
    def _new(cls, dim: int, seed: int, quality: float) -> Any:
        import faiss

        api: Any = faiss  # the type stubs of the wheel know only part of it
        index = api.IndexHNSWFlat(dim, LINKS, api.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = round(between(LEAST_BUILDING, MOST_BUILDING, quality))
        index.hnsw.rng = api.RandomGenerator(seed)
        return index

    def _parameters(self, k: int, quality: float, allowed: NDArray[np.bool_] | None) -> Any:
        import faiss

        api: Any = faiss
        held = between(LEAST_HELD, self._most_held, quality) * max(1.0, k / DEPTH)
        return api.SearchParametersHNSW(efSearch=max(k, int(held + ROUNDING)))

    def quality_of_effort(self, effort: int) -> float:
        return quality_of(LEAST_HELD, self._most_held, effort / LINKS)

    @property
    def _most_held(self) -> float:
        return self.rows // COST_RATIO / LINKS


class FaissFlatBackend(_FaissBackend):
    """All rows, compared one by one by FAISS."""

    name: ClassVar[str] = "faiss_flat"
    suffix: ClassVar[str] = ".flat"
    capabilities: ClassVar[Capabilities] = Capabilities(filters=True)

    @classmethod
    def _new(cls, dim: int, seed: int, quality: float) -> Any:
        import faiss

        return faiss.IndexFlatIP(dim)

    def _parameters(self, k: int, quality: float, allowed: NDArray[np.bool_] | None) -> Any:
        import faiss

        if allowed is None:
            return None
        api: Any = faiss
        return api.SearchParameters(sel=api.IDSelectorBitmap(np.packbits(allowed, bitorder="little")))
