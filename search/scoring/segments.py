"""What a search runs over: rows of vectors aligned across methods, and the tables that calibrate their scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError
from search.index import IndexBackend
from search.index.hashes import HashIndex
from search.index.spots import SpotIndex
from search.methods import Method
from search.scoring.background import Scale, background_of
from search.scoring.calibration import LIBRARY, UNKNOWN, Calibration, Sampling, fit, sample_cosines, sample_scores
from search.scoring.kinds import NONE, KindNumbers, Kinds, PairTables, pair_tables
from search.types import Vectors


@dataclass(frozen=True, slots=True)
class MethodRows:
    """One method's rows. Row i belongs to the same image in every method of a segment."""

    version: str
    vectors: Vectors  # (n, dim); rows of images that lack the method hold anything
    present: NDArray[np.bool_] | None = None  # (n,); None: no image lacks the method
    proxies: NDArray[np.float32] | None = None  # (n, proxy_dim), of a pairwise method
    reduced: NDArray[np.float32] | None = None  # (n, m): the vectors, or the proxies, in the basis
    basis: NDArray[np.float32] | None = None  # (dim or proxy_dim, m)

    @property
    def scanned(self) -> NDArray[np.float32]:
        """The vectors that gather candidates by their dot product: float32; none of a re-ranking method."""
        return self.whole if self.reduced is None else self.reduced

    @property
    def whole(self) -> NDArray[np.float32]:
        """The vectors that gather candidates, as they were before they were reduced."""
        return cast("NDArray[np.float32]", self.vectors) if self.proxies is None else self.proxies

    def asked(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what is compared with the scanned vectors for a query's vector, or for its proxy."""
        return vector if self.basis is None else np.asarray(vector @ self.basis, np.float32)


@dataclass(frozen=True, slots=True)
class MethodIndex:
    """An ANN index over the rows that a method has something about."""

    backend: IndexBackend
    quality: float
    rows: NDArray[np.int64] | None = None  # segment's row of each of the index's rows; None: the same

    def query(self, vector: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        """Return the segment's rows nearest to a vector, closest first."""
        found = self._search(vector, k, None)
        return found if self.rows is None else self.rows[found]

    def query_allowed(
        self, vector: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]
    ) -> NDArray[np.int64] | None:
        """Return the nearest of those of the segment's rows that may be found; None where the index yields too few."""
        may = allowed if self.rows is None else allowed[self.rows]
        found = self._search(vector, k, may)
        # Few are no shortage where all that the index gives without the mask may be found: it has no more to give.
        if len(found) < min(k, int(np.count_nonzero(may))) and not may[self._search(vector, k, None)].all():
            return None
        return found if self.rows is None else self.rows[found]

    def _search(self, vector: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        rows, _cosines = self.backend.search(vector[None], k, self.quality, allowed)
        found: NDArray[np.int64] = rows[0]
        return found[found >= 0]


@dataclass(frozen=True, slots=True)
class MethodHashes:
    """A hash index over the codes of the rows that a method has something about."""

    index: HashIndex
    rows: NDArray[np.int64] | None = None  # see `MethodIndex`

    def query(self, codes: NDArray[np.uint8], k: int) -> NDArray[np.int64]:
        """Return the segment's rows whose codes differ in few bits from one of these, up to k for each."""
        found = np.concatenate([self.index.query(code, limit=k)[0] for code in codes])
        return found if self.rows is None else self.rows[found]


@dataclass(frozen=True, slots=True)
class Segment:
    """Aligned rows of several methods: a generation's, or those that are newer."""

    image_ids: NDArray[np.int64]  # (n,)
    searchable: NDArray[np.bool_]  # (n,): neither removed nor replaced by a newer row
    methods: Mapping[str, MethodRows]
    indexes: Mapping[str, MethodIndex] = field(default_factory=dict)
    hashes: Mapping[str, MethodHashes] = field(default_factory=dict)
    spots: Mapping[str, SpotIndex] = field(default_factory=dict)
    kinds: KindNumbers | None = None  # (n,), where the library has kinds

    def row_of(self, image_id: int) -> int | None:
        """Return the searchable row of an image, None when it has none."""
        for row in np.flatnonzero(self.image_ids == image_id):
            if self.searchable[row]:
                return int(row)
        return None

    def vectors_of(self, row: int) -> dict[str, NDArray[Any]]:
        """Return the vectors of one row, by method."""
        return {
            name: rows.vectors[row] for name, rows in self.methods.items() if rows.present is None or rows.present[row]
        }


@dataclass(frozen=True, slots=True)
class MethodTables:
    """Calibration of a method's raw score, and of the dot product that gathers its candidates."""

    raw: Calibration = UNKNOWN
    scan: Calibration = UNKNOWN

    def scanning(self, rows: MethodRows) -> Calibration:
        """Return the calibration of the dot products of a segment's scanned vectors."""
        return self.raw if rows.proxies is None and rows.reduced is None else self.scan


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that one answer is made from; nothing in it changes any more."""

    segments: tuple[Segment, ...]
    tables: Mapping[str, MethodTables]
    generation_id: int | None = None
    degraded: IndexDamagedError | None = None  # what is wrong with the generation, and what serves instead
    versions: Mapping[str, str] = field(default_factory=dict)  # method -> version of its rows
    revision: int = 0  # of the library, up to which every change is inside
    kinds: Kinds | None = None  # of the library; None: all pairs are judged by the same tables

    @property
    def calibrations(self) -> dict[str, Calibration]:
        """The calibrations of the methods' raw scores, by name."""
        return {name: tables.raw for name, tables in self.tables.items()}

    def pair_tables(self, first: KindNumbers, second: KindNumbers) -> PairTables:
        """Return the tables that judge n pairs of images, whose kinds have the shape (n,)."""
        return pair_tables(self.calibrations, self.kinds, first, second)

    def kinds_of(self, image_ids: NDArray[np.int64]) -> KindNumbers:
        """Return the kind of each of some images, in any order; of those that are not searchable, what it was."""
        ids, places = np.unique(image_ids, return_inverse=True)
        kinds = np.full(len(ids), NONE, np.int8)
        segments = [segment for segment in self.segments if segment.kinds is not None]
        for searchable in (False, True):  # what can be found last, so that it has the last word
            for segment in segments if len(ids) else []:
                rows = np.flatnonzero(np.isin(segment.image_ids, ids) & (segment.searchable == searchable))
                kinds[np.searchsorted(ids, segment.image_ids[rows])] = cast("KindNumbers", segment.kinds)[rows]
        return kinds[places.reshape(image_ids.shape)]

    def num_of_kind(self, kind: int) -> int:
        """Return how many images of a kind can be found."""
        return sum(
            int(np.count_nonzero(segment.searchable & (segment.kinds == kind)))
            for segment in self.segments
            if segment.kinds is not None
        )

    @property
    def num_images(self) -> int:
        return sum(int(np.count_nonzero(segment.searchable)) for segment in self.segments)

    def vectors_of(self, image_id: int) -> dict[str, NDArray[Any]] | None:
        """Return the vectors of a searchable image, None when it is not searchable."""
        # The newest first, though an image is searchable in one segment alone: the delta is small.
        for segment in reversed(self.segments):
            if (row := segment.row_of(image_id)) is not None:
                return segment.vectors_of(row)
        return None


def kinds_at(segment: Segment, rows: NDArray[np.integer]) -> KindNumbers:
    """Return the kind of each of some of a segment's rows."""
    return np.full(len(rows), NONE, np.int8) if segment.kinds is None else segment.kinds[rows]


def take(snapshot: Snapshot, name: str, image_ids: NDArray[np.int64]) -> tuple[Vectors, NDArray[np.bool_]] | None:
    """Return one method's vectors of some images, in their order, and which of them have one.

    None when no image of the snapshot has any.
    """
    held = [segment for segment in snapshot.segments if name in segment.methods]
    if not held:
        return None
    like = held[0].methods[name].vectors
    vectors = np.zeros((len(image_ids), like.shape[1]), like.dtype)
    present = np.zeros(len(image_ids), bool)
    # Images may stand in any order, and come from several segments.
    place_of = {int(image_id): place for place, image_id in enumerate(image_ids)}
    for segment in held:
        rows = segment.methods[name]
        usable = segment.searchable if rows.present is None else segment.searchable & rows.present
        found = np.flatnonzero(usable & np.isin(segment.image_ids, image_ids))
        places = [place_of[int(image_id)] for image_id in segment.image_ids[found]]
        vectors[places], present[places] = rows.vectors[found], True
    return vectors, present


def fit_tables(
    rows: MethodRows,
    method: Method,
    usable: NDArray[np.int64],
    seed: int,
    sampling: Sampling = LIBRARY,
    prior: Scale | None = None,
) -> MethodTables:
    """Calibrate a method on random pairs of its rows.

    Parameters
    ----------
    rows : of the method
    method : whose `scores` compare them
    usable : ndarray of the rows to draw from, ascending
    seed : of the draw
    sampling : how many pairs
    prior : what is known of such raw scores from elsewhere; None: the background that ships, if it knows this version
    """
    raw = fit_raw(rows, method, usable, seed, sampling, prior or background_of(method.name, rows.version))
    if method.reranks:
        return MethodTables(raw)
    if rows.proxies is None and rows.reduced is None:
        # What is scanned is what is scored: one table for both, and half the time of fitting.
        return MethodTables(raw, raw)
    return MethodTables(raw, fit(sample_cosines(rows.scanned, usable, seed, sampling)))


def fit_raw(
    rows: MethodRows,
    method: Method,
    usable: NDArray[np.int64],
    seed: int,
    sampling: Sampling,
    prior: Scale | None,
) -> Calibration:
    """Calibrate a method's raw scores on random pairs of its rows, and on nothing else where there is no prior.

    For parameters see `fit_tables`.
    """
    if method.pairwise or method.reranks:
        scores = sample_scores(method.scores, rows.vectors, usable, seed, sampling)
        return fit(scores, prior, min(len(usable), sampling.queries))
    return fit(sample_cosines(rows.vectors, usable, seed, sampling), prior, min(len(usable), sampling.rows))


def save_tables(path: Path, tables: MethodTables) -> None:
    """Write a method's tables to an `.npz` file."""
    arrays: dict[str, NDArray[Any]] = {}
    for name in ("raw", "scan"):
        table: Calibration = getattr(tables, name)
        arrays[name] = table.decades
        arrays[f"{name}_about"] = np.array([table.low, table.high, table.num_pairs, table.borrowed])
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_tables(path: Path) -> MethodTables:
    """Read a method's tables.

    Raises
    ------
    IndexDamagedError : not a file of tables
    """
    try:
        # Opened here, since NumPy leaves a file open that turns out to be no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return MethodTables(*(_table(arrays[name], arrays[f"{name}_about"]) for name in ("raw", "scan")))
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise IndexDamagedError("calibration_unreadable", file=path.name, cause=str(error)) from error


def _table(decades: NDArray[np.float64], about: NDArray[np.float64]) -> Calibration:
    # Tables of earlier generations borrowed nothing, and do not say so.
    low, high, num_pairs, *borrowed = about.tolist()
    return Calibration(low, high, decades, int(num_pairs), *borrowed)
