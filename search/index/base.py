"""The contract of an ANN index: built once from unit-length rows, found again by its URI, read-only, never trusted.

It names no library's settings: how hard a backend looks follows from a quality, see `search.index.quality`. What an
index file says about itself is too little to notice damage, so `search.index.manifest` compares its size and SHA-256
with what was published before any backend opens it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError, IndexUnavailableError
from search.index.circuit import Circuit
from search.index.quality import DEFAULT_QUALITY

MOST_ASKED = 8
"""How many times the usual number of rows is asked for where the backend cannot leave rows out itself."""
NO_HINTS: Mapping[str, int] = MappingProxyType({})

Found: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend can do beyond building and searching."""

    filters: bool = False  # leaves out rows that are not allowed itself; for others the base class asks for more
    remote: bool = False  # a server keeps the index; else it is a file in the generation's folder
    incremental: bool = False  # its engine could take rows after the build; generations do not use that


class IndexBackend(ABC):
    """One opened index. Searches may run in several threads at once."""

    name: ClassVar[str]
    """Stored in manifests: never rename."""
    suffix: ClassVar[str] = ""
    """Of the files it writes; backends of one suffix read each other's. Empty: it writes none."""
    library: ClassVar[str] = ""
    """The distribution whose version is noted in manifests."""
    capabilities: ClassVar[Capabilities] = Capabilities()
    circuit: ClassVar[Circuit]
    """Before the server of a remote backend: one keeps the indexes of all methods, so one failure speaks for all."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.circuit = Circuit()

    def __init__(self, dim: int, rows: int) -> None:
        self.dim = dim
        self.rows = rows

    @classmethod
    def unavailable(cls) -> IndexUnavailableError | None:
        """Return why this backend cannot be used on this machine, or None."""
        return None

    @classmethod
    @abstractmethod
    def address(cls, folder: Path, name: str) -> str:
        """Return the URI of a new index, which no other index has, for a method's rows in a generation's folder."""

    @classmethod
    def build(
        cls,
        vectors: NDArray[np.float32],
        uri: str,
        *,
        seed: int,
        threads: int,
        quality: float = DEFAULT_QUALITY,
        hints: Mapping[str, int] = NO_HINTS,
    ) -> None:
        """Build a new index.

        Parameters
        ----------
        vectors : ndarray of shape (n, dim), float32, L2 norm 1, of reduced rows a little less; n >= 1; may be a memory
            map
        uri : of the index; a file is not synchronised to the disk, and not written in one step: build where nobody
            reads yet
        seed : same seed, rows and one thread: the same file
        threads : used for building
        quality : 0..1, more makes an index that finds more and takes more room and time to build
        hints : wishes of people who know one backend, by name, such as Annoy's `trees`; others pass them over

        Raises
        ------
        DimensionMismatchError : not a matrix of float32 with at least one row
        OSError : the file cannot be written, or the server not reached
        """
        if vectors.ndim != 2 or 0 in vectors.shape or vectors.dtype != np.float32:
            about = {"shape": str(vectors.shape), "dtype": vectors.dtype}
            raise DimensionMismatchError("float_matrix_expected", **about)
        _check_quality(quality)
        cls._build(vectors, uri, seed, threads, quality, hints)

    @classmethod
    @abstractmethod
    def _build(
        cls,
        vectors: NDArray[np.float32],
        uri: str,
        seed: int,
        threads: int,
        quality: float,
        hints: Mapping[str, int],
    ) -> None:
        """Build from checked rows; see `build`."""

    @classmethod
    @abstractmethod
    def open(cls, uri: str, dim: int, rows: int) -> Self:
        """Open an index; the checksum of a file has been verified.

        Raises
        ------
        IndexDamagedError : there is no index of that many rows of that length
        IndexUnavailableError : the server cannot be reached
        """

    @classmethod
    @abstractmethod
    def drop(cls, uri: str) -> None:
        """Remove an index; where there is none, nothing happens.

        Raises
        ------
        OSError : the file cannot be removed, or the server not reached
        """

    @abstractmethod
    def _nearest(
        self, vectors: NDArray[np.float32], k: int, quality: float, allowed: NDArray[np.bool_] | None
    ) -> Found:
        """Answer checked queries; `k` is at most `rows`, and `allowed` is None unless the backend filters."""

    def search(
        self,
        vectors: NDArray[np.float32],
        k: int,
        quality: float = DEFAULT_QUALITY,
        allowed: NDArray[np.bool_] | None = None,
    ) -> Found:
        """Return the rows nearest to each of some vectors.

        Parameters
        ----------
        vectors : ndarray of shape (n, dim), float32
        k : rows wanted of each, at least 1
        quality : 0..1, see `search.index.quality`; more finds more and takes longer
        allowed : ndarray of shape (rows,), bool: rows that may be found; None: all

        Returns
        -------
        rows : ndarray of shape (n, min(k, rows)), int64, closest first, -1 behind the last that was found; with a mask
            longer where more had to be asked for, so that there is more to give
        cosines : ndarray of the same shape, float32, -inf where there is no row

        Raises
        ------
        DimensionMismatchError : vectors of another length, or a mask of another length or type
        ValueError : k < 1, or a quality beyond 0..1
        IndexUnavailableError, IndexDamagedError, OSError : the server that keeps it is gone, or has lost it, since; of
            one that failed a moment ago at once
        """
        self._check(vectors, k, quality, allowed)
        vectors, k = np.ascontiguousarray(vectors, np.float32), min(k, self.rows)
        if not self.capabilities.remote:
            return self._found(vectors, k, quality, allowed)
        with self.circuit.asking():
            return self._found(vectors, k, quality, allowed)

    def _found(self, vectors: NDArray[np.float32], k: int, quality: float, allowed: NDArray[np.bool_] | None) -> Found:
        if allowed is None or self.capabilities.filters:
            return self._nearest(vectors, k, quality, allowed)
        return self._nearest_allowed(vectors, k, quality, allowed)

    def quality_of_effort(self, effort: int) -> float:
        """Return the quality at which so many rows are looked at: what manifests of version 0.1 hold instead of it."""
        return DEFAULT_QUALITY

    def _check(self, vectors: NDArray[np.float32], k: int, quality: float, allowed: NDArray[np.bool_] | None) -> None:
        if vectors.ndim != 2 or vectors.shape[1] != self.dim:
            raise DimensionMismatchError("vectors_of_another_length", expected=self.dim, shape=str(vectors.shape))
        if k < 1:
            raise ValueError(f"k: expected at least 1, got {k}")
        _check_quality(quality)
        if allowed is not None and (allowed.shape != (self.rows,) or allowed.dtype != np.bool_):
            about = {"expected": self.rows, "shape": str(allowed.shape), "dtype": allowed.dtype}
            raise DimensionMismatchError("mask_expected", **about)

    def _nearest_allowed(
        self, vectors: NDArray[np.float32], k: int, quality: float, allowed: NDArray[np.bool_]
    ) -> Found:
        """Search an index that knows nothing of the mask: ask for more, and leave out what is not allowed.

        As many more as the mask leaves out on the average, and MOST_ASKED times that where those left out crowd around
        the query. What is found beyond k is kept: it has cost its time.
        """
        num_allowed = int(np.count_nonzero(allowed))
        rows, cosines = nothing_found(len(vectors), k)
        short = np.arange(len(vectors)) if num_allowed else np.empty(0, np.intp)
        for factor in (1, MOST_ASKED):
            if not len(short):
                break
            asked = min(math.ceil(factor * self.rows / num_allowed) * k, self.rows)
            near, scores = self._nearest(vectors[short], asked, quality, None)
            # -1 would look up the last row of the mask; the first half of the condition says that it does not count.
            kept = (near >= 0) & allowed[near]
            num_kept = np.count_nonzero(kept, axis=1)
            order = np.argsort(~kept, axis=1, kind="stable")[:, : max(k, int(num_kept.max()))]
            found = np.take_along_axis(kept, order, axis=1)
            rows = _put(rows, short, np.where(found, np.take_along_axis(near, order, axis=1), -1), -1)
            scores = np.where(found, np.take_along_axis(scores, order, axis=1), -np.inf)
            cosines = _put(cosines, short, scores, -np.inf)
            # where nothing was left out the index has no more to give
            left_out = np.count_nonzero(near >= 0, axis=1) > num_kept
            short = short[(num_kept < min(k, num_allowed)) & left_out]
        return rows, cosines


def nothing_found(num_queries: int, k: int) -> Found:
    """Return the answer that holds no rows, to be filled."""
    return np.full((num_queries, k), -1, np.int64), np.full((num_queries, k), -np.inf, np.float32)


def _put(table: NDArray[Any], places: NDArray[np.intp], lines: NDArray[Any], blank: float) -> NDArray[Any]:
    """Return a table with some of its lines replaced, all as long as the longest."""
    width = max(table.shape[1], lines.shape[1])
    filled = np.full((len(table), width), blank, table.dtype)
    filled[:, : table.shape[1]] = table
    filled[places] = blank
    filled[places, : lines.shape[1]] = lines
    return filled


def _check_quality(quality: float) -> None:
    if not 0 <= quality <= 1:
        raise ValueError(f"quality: expected 0 to 1, got {quality}")
