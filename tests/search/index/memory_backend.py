"""A backend such as a vector database would need: it keeps its rows elsewhere, and leaves rows out itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError, IndexUnavailableError
from search.index.base import Capabilities, Found, IndexBackend, nothing_found

SERVER: dict[str, NDArray[np.float32]] = {}
"""What the "server" keeps, by URI."""


class MemoryBackend(IndexBackend):
    """Compares all rows, whatever the quality."""

    name: ClassVar[str] = "memory"
    capabilities: ClassVar[Capabilities] = Capabilities(filters=True, remote=True)
    down: ClassVar[bool] = False

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        super().__init__(vectors.shape[1], len(vectors))
        self._vectors = vectors

    @classmethod
    def address(cls, folder: Path, name: str) -> str:
        return f"memory://{folder.name}/{name}"

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
        SERVER[uri] = np.array(vectors)

    @classmethod
    def open(cls, uri: str, dim: int, rows: int) -> Self:
        if cls.down:
            raise IndexUnavailableError("the server does not answer")
        held = SERVER.get(uri)
        if held is None or held.shape != (rows, dim):
            found = "nothing" if held is None else held.shape
            raise IndexDamagedError(f"{uri}: expected {(rows, dim)}, the server holds {found}")
        return cls(held)

    @classmethod
    def drop(cls, uri: str) -> None:
        if cls.down:
            raise ConnectionError("the server does not answer")
        SERVER.pop(uri, None)

    def _nearest(
        self, vectors: NDArray[np.float32], k: int, quality: float, allowed: NDArray[np.bool_] | None
    ) -> Found:
        if self.down:
            raise IndexUnavailableError("the server does not answer")
        rows, cosines = nothing_found(len(vectors), k)
        may = np.arange(self.rows) if allowed is None else np.flatnonzero(allowed)
        for place, vector in enumerate(vectors):
            scores = self._vectors[may] @ vector
            order = np.argsort(-scores, kind="stable")[:k]
            rows[place, : len(order)], cosines[place, : len(order)] = may[order], scores[order]
        return rows, cosines
