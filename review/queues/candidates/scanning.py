"""Every pair of many images compared, block by block, and the best of them selected: exact, and in bounded memory.

What is compared are the vectors that a search finds its candidates by (see `search.query.matching`): the proxy vectors
of costly methods, in large libraries rows of fewer numbers. So scores here are estimates, which say which pairs are
worth a real comparison; see `search.query.many_pairs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from search.public.features import METHODS
from search.public.scoring import DEFAULT_WEIGHTS, Calibration, MethodRows, Scan, Snapshot, estimate

BLOCK = 1024
"""Images of one side of a block: a million pairs at once, of which each method takes 4 MB."""


@dataclass(frozen=True, slots=True)
class Gatherer:
    """One method that takes part in the scan."""

    name: str
    weight: float
    like: MethodRows  # whose reduced basis the rows of all segments are brought to
    table: Calibration


class PairSpace:
    """The images whose pairs are compared, by their rows in a snapshot.

    Attributes
    ----------
    image_ids : ndarray of shape (n,), int64, ascending: those of the images that can be found at all
    gatherers : methods that take part, at least one unless no image has any features
    """

    def __init__(self, snapshot: Snapshot, image_ids: NDArray[np.int64], weights: Mapping[str, float]) -> None:
        found = [
            (segment.image_ids[rows], np.full(len(rows), number), rows)
            for number, segment in enumerate(snapshot.segments)
            if len(rows := np.flatnonzero(segment.searchable & np.isin(segment.image_ids, image_ids)))
        ]
        empty = np.empty(0, np.int64)
        ids, numbers, rows = (
            np.concatenate([empty, *part]) for part in (zip(*found, strict=True) if found else [[]] * 3)
        )
        order = np.argsort(ids)
        self.image_ids, self._numbers, self._rows = ids[order], numbers[order], rows[order]
        self._segments = snapshot.segments
        self.gatherers = list(_gatherers(snapshot, weights))

    def __len__(self) -> int:
        return len(self.image_ids)

    def rows(self, name: str, like: MethodRows, part: slice) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return a method's scanned vectors of some of the images, and which of them have one."""
        numbers, rows = self._numbers[part], self._rows[part]
        vectors = np.zeros((len(rows), like.scanned.shape[1]), np.float32)
        present = np.zeros(len(rows), bool)
        for number, segment in enumerate(self._segments):
            held, places = segment.methods.get(name), np.flatnonzero(numbers == number)
            if held is None or not len(places):
                continue
            if like.basis is not None and held.basis is None:
                vectors[places] = held.whole[rows[places]] @ like.basis
            else:
                vectors[places] = held.scanned[rows[places]]
            present[places] = True if held.present is None else held.present[rows[places]]
        return vectors, present

    def num_blocks(self) -> int:
        """Return how many blocks `estimates` goes through."""
        sides = -(-len(self) // BLOCK)
        return sides * (sides + 1) // 2

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        """Yield the blocks of all pairs, each pair once: rows, and columns that never come before them."""
        starts = range(0, len(self), BLOCK)
        for row in starts:
            for column in starts[row // BLOCK :]:
                yield slice(row, min(row + BLOCK, len(self))), slice(column, min(column + BLOCK, len(self)))

    def estimate(self, rows: slice, columns: slice) -> NDArray[np.float32]:
        """Estimate the fused scores of a block.

        Returns
        -------
        scores : ndarray of shape (rows, columns), float32, 0..1; NaN where no method has both images, and for pairs
            of an image with itself or with one that comes before it
        """
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        scans = (self._scan(method, rows, columns) for method in self.gatherers)
        scores = estimate(scans, shape, np.float32)
        if rows.start == columns.start:
            scores[np.tril_indices(shape[0])] = np.nan
        return scores

    def _scan(self, method: Gatherer, rows: slice, columns: slice) -> Scan:
        """Multiply one method's vectors of a block."""
        left, has_left = self.rows(method.name, method.like, rows)
        right, has_right = self.rows(method.name, method.like, columns)
        both = None if has_left.all() and has_right.all() else np.logical_and.outer(has_left, has_right)
        return Scan(method.weight, method.table, left @ right.T, both)


def _gatherers(snapshot: Snapshot, weights: Mapping[str, float]) -> Iterator[Gatherer]:
    """Yield the methods that can gather, with their weights; the usual ones where only re-ranking methods have any."""
    # Reversed, so that of several segments the first, the generation, has the last word about the basis.
    held = {name: rows for segment in reversed(snapshot.segments) for name, rows in segment.methods.items()}
    able = [name for name in held if name in METHODS and not METHODS[name].reranks and name in snapshot.tables]
    used = {name: weights.get(name, 0.0) for name in able}
    if not any(used.values()):
        used = {name: DEFAULT_WEIGHTS[name] for name in able}
    if not any(used.values()):
        used = dict.fromkeys(able, 1.0)
    for name, weight in used.items():
        if weight > 0:
            yield Gatherer(name, weight, held[name], snapshot.tables[name].scanning(held[name]))


class BestPairs:
    """The best pairs of a scan so far: those with the highest scores, or those nearest to a target.

    Attributes
    ----------
    codes : ndarray of int64, first * n + second of each pair kept, places among the n images of the ground
    keys : ndarray of float32, what they are chosen by, larger is better
    """

    def __init__(self, num_images: int, wanted: int, excluded: NDArray[np.int64], target: float | None = None) -> None:
        """Keep `wanted` pairs, none of them among the excluded codes."""
        self._num_images, self._wanted, self._target = num_images, wanted, target
        self._excluded = np.sort(excluded)
        self._floor = -np.inf
        self.codes, self.keys = np.empty(0, np.int64), np.empty(0, np.float32)

    def add(self, rows: slice, columns: slice, scores: NDArray[np.float32]) -> None:
        """Take a block of scores, NaN where there is no pair."""
        keys = (scores if self._target is None else -np.abs(scores - np.float32(self._target))).ravel()
        chosen = np.flatnonzero(keys > self._floor)  # NaN is above nothing, so what has no score falls out
        left, right = np.divmod(chosen, scores.shape[1])
        codes = (left + rows.start) * self._num_images + right + columns.start
        new = ~_contains(self._excluded, codes)
        self.restore(np.concatenate([self.codes, codes[new]]), np.concatenate([self.keys, keys[chosen[new]]]))

    def restore(self, codes: NDArray[np.int64], keys: NDArray[np.float32]) -> None:
        """Take these pairs for the best so far, and leave the worst of them out."""
        if len(codes) > self._wanted:
            best = np.argpartition(keys, len(keys) - self._wanted)[len(keys) - self._wanted :]
            codes, keys = codes[best], keys[best]
            self._floor = float(keys.min())  # no later pair below this one can be among the best
        self.codes, self.keys = codes, keys

    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return first and second place of each pair, best pair first."""
        order = np.lexsort((self.codes, -self.keys))
        first, second = np.divmod(self.codes[order], self._num_images)
        return first, second


def _contains(ascending: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell of each value whether it is among sorted ones; quicker than `np.isin`, which sorts the values too."""
    if not len(ascending):
        return np.zeros(len(values), bool)
    places = np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)
    return np.asarray(ascending[places] == values)


class Checkpoint(Protocol):
    """What a scan leaves behind now and then, so that another process can go on with it."""

    def resume(self, best: BestPairs) -> int:
        """Put what was kept into `best` and return the number of the block to go on with, 0: from the beginning."""

    def keep(self, best: BestPairs, num_done: int) -> None:
        """Note how far the scan is."""

    def discard(self) -> None:
        """Forget it: the scan is done."""


def scan(ground: PairSpace, best: BestPairs, keeper: Checkpoint, tell: Callable[[int, int], None]) -> None:
    """Compare all pairs of a ground and put the best into `best`.

    Parameters
    ----------
    ground : the images
    best : empty
    keeper : asked first where an earlier scan stopped
    tell : told how many blocks of how many are done
    """
    start, total = keeper.resume(best), ground.num_blocks()
    for number, (rows, columns) in enumerate(ground.blocks()):
        if number >= start:
            best.add(rows, columns, ground.estimate(rows, columns))
            tell(number + 1, total)
            keeper.keep(best, number + 1)
    keeper.discard()
