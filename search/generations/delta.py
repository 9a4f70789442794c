"""Images newer than the generation: their features are held in memory and searched exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gallery.batches import batches
from jobs.rows import JobState
from search.features import registry, revisions, stored_vectors
from search.generations.delta_spots import GrowingSpots
from search.generations.random_rows import RandomRows
from search.generations.recorded_copies import recorded_copies
from search.methods import PairwiseMethod, RerankMethod
from search.models import Tombstone
from search.scoring.kinds import NONE, KindNumbers, Kinds
from search.scoring.segments import MethodRows, MethodTables, Segment, fit_tables
from search.types import Vectors

IDS_PER_QUERY = 2000
REFIT_GROWTH = 1.5
RANDOM_ROWS = 600
"""Rows that random pairs are made of, fewer than in a generation: somebody waits for the answer."""
# Rows are never overwritten, since snapshots still read them: an image that is computed again leaves a dead row.
MIN_DEAD_ROWS = 1000


class GrowingMatrix:
    """Rows that are only ever added, so that views handed out before stay true."""

    def __init__(self, dim: int, dtype: np.dtype[Any], num_rows: int = 0) -> None:
        self._rows = np.zeros((max(num_rows, 64), dim), dtype)
        self.num_rows = num_rows

    def append(self, rows: NDArray[Any]) -> None:
        end = self.num_rows + len(rows)
        if end > len(self._rows):
            # Twice as long, so that adding one row at a time costs no more in all. Views of before keep the old array.
            grown = np.zeros((max(end, 2 * len(self._rows)), self._rows.shape[1]), self._rows.dtype)
            grown[: self.num_rows] = self._rows[: self.num_rows]
            self._rows = grown
        self._rows[self.num_rows : end] = rows
        self.num_rows = end

    def view(self) -> NDArray[Any]:
        return self._rows[: self.num_rows]


class Delta:
    """Every image with a feature newer than a revision, with all its features at the given versions.

    Not safe for several threads at once; the segments that it returns are.
    """

    def __init__(self, base_revision: int, versions: Mapping[str, str]) -> None:
        self.base_revision = self.revision = base_revision
        self.versions = dict(versions)
        self._row_of: dict[int, int] = {}
        self._ids = GrowingMatrix(1, np.dtype(np.int64))
        self._vectors: dict[str, GrowingMatrix] = {}
        self._present: dict[str, GrowingMatrix] = {}
        self._proxies: dict[str, GrowingMatrix] = {}
        self._fitted: dict[str, tuple[int, MethodTables]] = {}
        self._spots: dict[str, GrowingSpots] = {}
        self._random: RandomRows | None = None
        self._kinds = GrowingMatrix(1, np.dtype(np.int8))

    def refresh(self, revision: int) -> None:
        """Add what changed up to a revision, which must have been read before this is called."""
        fresh = {
            name: _read(stored_vectors.iter_ready(name, version, after_revision=self.revision))
            for name, version in self.versions.items()
        }
        changed = np.unique(np.concatenate([np.empty(0, np.int64), *(ids for ids, _ in fresh.values())]))
        # Also where nothing was found: this far there is nothing to look for any more.
        self.revision = max(self.revision, revision)
        if not len(changed):
            return
        num_before = self._ids.num_rows
        self._ids.append(changed[:, None])
        for name, version in self.versions.items():
            self._add(name, *self._complete(name, version, changed, fresh[name]), changed, num_before)
        self._row_of.update(zip(changed.tolist(), range(num_before, self._ids.num_rows), strict=True))

    @property
    def crowded(self) -> bool:
        """Whether so many rows were replaced by newer ones that starting again is better."""
        return self._ids.num_rows - len(self._row_of) > max(MIN_DEAD_ROWS, len(self._row_of))

    @property
    def image_ids(self) -> NDArray[np.int64]:
        """The images held, ascending."""
        return np.sort(np.fromiter(self._row_of, np.int64, len(self._row_of)))

    def segment(self, removed: NDArray[np.int64]) -> Segment:
        """Return the rows as they are now, without those of removed images."""
        ids = self._ids.view()[:, 0]
        searchable = np.zeros(len(ids), bool)
        searchable[list(self._row_of.values())] = True
        searchable &= ~np.isin(ids, removed)
        methods = {}
        for name, vectors in self._vectors.items():
            proxies = self._proxies[name].view() if name in self._proxies else None
            present = self._present[name].view()[:, 0]
            methods[name] = MethodRows(self.versions[name], vectors.view(), present, proxies)
        spots = {name: index for name, growing in self._spots.items() if (index := growing.index()) is not None}
        return Segment(ids, searchable, methods, spots=spots)

    def kinds(self, kinds: Kinds) -> KindNumbers:
        """Return the kind of every row, by the kinds of the generation that the delta lies on."""
        start, end = self._kinds.num_rows, self._ids.num_rows
        if start < end and kinds.method in self._vectors:
            rows, present = self._vectors[kinds.method].view()[start:], self._present[kinds.method].view()[start:, 0]
            self._kinds.append(kinds.places.of(rows, present)[:, None])
        elif start < end:
            self._kinds.append(np.full((end - start, 1), NONE, np.int8))
        return self._kinds.view()[:, 0]

    def tables(self, name: str, segment: Segment, seed: int) -> MethodTables:
        """Return a method's calibration on the delta's own pairs, fitted again when there are half as many more."""
        rows = segment.methods[name]
        usable = np.flatnonzero(segment.searchable & (rows.present if rows.present is not None else True))
        num_fitted, tables = self._fitted.get(name, (-1, MethodTables()))
        # Fitting takes longer than a search, and half as many pairs more change a table little.
        if num_fitted < 0 or len(usable) > REFIT_GROWTH * num_fitted:
            if self._random is None or self._random.segment is not segment:
                self._random = RandomRows(segment, registry.methods(), seed, recorded_copies, RANDOM_ROWS)
            tables = fit_tables(rows, registry.methods()[name], self._random.of(usable), seed)
            self._fitted[name] = len(usable), tables
        return tables

    def _complete(
        self, name: str, version: str, changed: NDArray[np.int64], fresh: tuple[NDArray[np.int64], Vectors | None]
    ) -> tuple[NDArray[np.int64], Vectors | None]:
        """Return a method's rows of all changed images: those that changed, and those that did not."""
        ids, vectors = fresh
        # An image that changed gets a row in every method, so what did not change of it is read as well.
        older = np.setdiff1d(changed, ids, assume_unique=True)
        found = _read(
            rows
            for part in batches(older.tolist(), IDS_PER_QUERY)
            for rows in stored_vectors.iter_ready(name, version, image_ids=part)
        )
        if vectors is None or found[1] is None:
            return (ids, vectors) if found[1] is None else found
        return np.concatenate([ids, found[0]]), np.concatenate([vectors, found[1]])

    def _add(
        self, name: str, ids: NDArray[np.int64], vectors: Vectors | None, changed: NDArray[np.int64], num_before: int
    ) -> None:
        """Append one method's rows of the changed images, zeros for those that lack it."""
        if name not in self._vectors:
            if vectors is None:
                return
            # The first rows of a method: zeros stand for the images before, so that rows stay in line.
            self._vectors[name] = GrowingMatrix(vectors.shape[1], vectors.dtype, num_before)
            self._present[name] = GrowingMatrix(1, np.dtype(bool), num_before)
        block = np.zeros((len(changed), self._vectors[name].view().shape[1]), self._vectors[name].view().dtype)
        present = np.isin(changed, ids)
        if vectors is not None:
            block[np.searchsorted(changed, ids)] = vectors
        self._vectors[name].append(block)
        self._present[name].append(present[:, None])
        method = registry.methods()[name]
        if isinstance(method, RerankMethod) and method.spot_version:
            if name not in self._spots:
                self._spots[name] = GrowingSpots(method)
                self._spots[name].skip(num_before)
            self._spots[name].append(block, present)
        if isinstance(method, PairwiseMethod):
            derived = method.proxy(block)
            if name not in self._proxies:
                self._proxies[name] = GrowingMatrix(derived.shape[1], derived.dtype, num_before)
            self._proxies[name].append(derived)


def _read(chunks: Iterator[tuple[NDArray[np.int64], Vectors]]) -> tuple[NDArray[np.int64], Vectors | None]:
    """Return all chunks as one; no vectors when there are none."""
    found = list(chunks)
    if not found:
        return np.empty(0, np.int64), None
    return np.concatenate([ids for ids, _ in found]), np.concatenate([rows for _, rows in found])


def removed_ids() -> NDArray[np.int64]:
    """Return the images that must not be found, ascending."""
    return np.sort(np.fromiter(Tombstone.objects.values_list("image_id", flat=True), np.int64))


def num_changed(revision: int, versions: Mapping[str, str]) -> int:
    """Return how many images have features, of these versions, that are newer than a revision."""
    rows = registry.of_versions(versions).filter(revisions.newer_than(revision), state=JobState.READY)
    return rows.values("image_id").distinct().count()
