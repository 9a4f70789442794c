"""The contract of an ANN index: built once from unit-length rows, read-only afterwards, never trusted unchecked.

What an index file says about itself is too little to notice damage, so `search.index.manifest` compares its size and
SHA-256 with what was published before any backend opens it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError


class IndexBackend(ABC):
    """One opened index. Queries may run in several threads at once."""

    name: ClassVar[str]
    """Stored in manifests: never rename."""
    suffix: ClassVar[str]

    def __init__(self, dim: int, rows: int) -> None:
        self.dim = dim
        self.rows = rows

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why this backend cannot be used on this machine, or None."""
        return None

    @classmethod
    @abstractmethod
    def build(cls, vectors: NDArray[np.float32], path: Path, *, trees: int, seed: int, threads: int) -> None:
        """Write an index to a new file.

        Parameters
        ----------
        vectors : ndarray of shape (n, dim), float32, L2 norm 1, of reduced rows a little less; n >= 1; may be a memory
            map
        path : of the file; not synchronised to the disk, not atomic: write into a folder nobody reads yet
        trees : more trees find more and take more room
        seed : same seed, rows and one thread: the same file
        threads : used for building

        Raises
        ------
        DimensionMismatchError : not a matrix of float32 with at least one row
        OSError : the file cannot be written
        """

    @classmethod
    @abstractmethod
    def load(cls, path: Path, dim: int, rows: int) -> Self:
        """Open a file whose checksum has been verified.

        Raises
        ------
        IndexDamagedError : the file does not hold an index of that many rows of that length
        """

    @abstractmethod
    def _nearest(
        self, vector: NDArray[np.float32], k: int, effort: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Answer a checked query; see `query`."""

    def query(
        self, vector: NDArray[np.float32], k: int, effort: int = 0
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows nearest to a vector.

        Parameters
        ----------
        vector : ndarray of shape (dim,), float32
        k : how many to return, at least 1
        effort : nodes to look at (Annoy's search_k), 0 = k x trees; more finds more and takes longer

        Returns
        -------
        rows : ndarray of shape (m,), int64, m <= min(k, rows), closest first
        scores : ndarray of shape (m,), float32, cosines

        Raises
        ------
        DimensionMismatchError : the vector has another length
        ValueError : k < 1
        """
        if vector.shape != (self.dim,):
            raise DimensionMismatchError(f"index: expected a vector of {self.dim} numbers, got shape {vector.shape}")
        if k < 1:
            raise ValueError(f"k: expected at least 1, got {k}")
        return self._nearest(np.ascontiguousarray(vector, np.float32), min(k, self.rows), effort)


def check_matrix(vectors: NDArray[np.float32]) -> None:
    """Raise DimensionMismatchError unless this is a float32 matrix with at least one row."""
    if vectors.ndim != 2 or 0 in vectors.shape or vectors.dtype != np.float32:
        raise DimensionMismatchError(
            f"index: expected a float32 matrix of at least one row, got shape {vectors.shape}, {vectors.dtype}"
        )


def cosines_of(angular: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosines that belong to Annoy's angular distances, sqrt(2 - 2 cos)."""
    return np.asarray(1 - np.square(angular) / 2, np.float32)


def holds_nodes(path: Path, dim: int) -> bool:
    """Tell whether the file's size is a multiple of an angular Annoy node: 12 bytes of links and the vector."""
    size = path.stat().st_size
    return size > 0 and size % (12 + 4 * dim) == 0
