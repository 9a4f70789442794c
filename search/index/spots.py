"""Search for spots that look alike, such as keypoints: which images share many with a query, seen in one way.

An inverted index (Sivic and Zisserman, "Video Google", ICCV 2003): for each cell the spots that fall into it, with the
image, a signature and a pose each. A spot of the query votes for the images of the spots in its cells whose signatures
differ in few bits, the more the rarer the cell and the nearer the signature. Votes add up where the spots of the query
must be turned and resized alike: weak geometric consistency (Jegou, Douze and Schmid, ECCV 2008).

The files are mapped: a query reads the spots of some hundred cells, at most MAX_READ of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError
from search.index.matrices import map_matrix
from search.types import Spots

MAX_READ = 400_000
"""Spots looked at for one query; cells that are nearest to the query's spots go before others."""
MAX_BITS = 22
"""Bits of 64 in which signatures of spots that look alike may differ."""
NEARNESS = 10.0
"""Bits by which the weight of a vote falls to 1/e, squared as in a Gaussian."""
LEAST_VOTERS = 2
"""Spots of an image that look like the query's, seen in one way, from which on it is considered."""
DIRECTIONS, SIZES, STEP = 16, 16, 16
"""Bins of the turn, and of the growth in octaves, in which votes are counted, and the poses' units in one of them."""
SPOTS_PER_IMAGE, SPOTS_PER_CELL = 64, 20
"""Spots that an image may have, and that a cell should have at most: with more, chance votes are many."""
SUFFIXES = ("spots_at", "spot_rows", "spot_signatures", "spot_poses")


def side_for(num_rows: int, sides: tuple[int, ...]) -> int:
    """Return how finely cells are cut for so many images: the coarsest cut with few spots in a cell, or the finest."""
    return next((side for side in sides if num_rows * SPOTS_PER_IMAGE <= SPOTS_PER_CELL * side**2), sides[-1])


@dataclass(frozen=True, slots=True, eq=False)
class SpotIndex:
    """Spots by cell. Queries may run in several threads at once.

    Attributes
    ----------
    side : square root of the number of cells
    num_rows : images that there are, with spots or without
    starts : ndarray of shape (side ** 2 + 1,), int64: where the spots of each cell begin
    rows : ndarray of shape (m,), uint32: image of each spot
    signatures : ndarray of shape (m,), uint64
    poses : ndarray of shape (m, 2), uint8
    """

    side: int
    num_rows: int
    starts: NDArray[np.int64]
    rows: NDArray[np.uint32]
    signatures: NDArray[np.uint64]
    poses: NDArray[np.uint8]

    @classmethod
    def of(cls, spots: Spots, side: int, num_rows: int) -> Self:
        """Return an index of spots in memory; their owners are rows."""
        cells = spots.cells[:, 0]
        order = np.argsort(cells, kind="stable")
        starts = np.zeros(side**2 + 1, np.int64)
        np.cumsum(np.bincount(cells, minlength=side**2), out=starts[1:])
        rows = spots.owners[order].astype(np.uint32)
        return cls(side, num_rows, starts, rows, spots.signatures[order, 0], spots.poses[order])

    @classmethod
    def open(cls, folder: Path, name: str, side: int, num_spots: int, num_rows: int) -> Self:
        """Map the files of a method, which have been compared with their checksums.

        Raises
        ------
        IndexDamagedError : not files of so many spots in so many cells
        """
        paths = [folder / f"{name}.{suffix}.npy" for suffix in SUFFIXES]
        starts = map_matrix(paths[0], (side**2 + 1,), np.int64)
        if starts[0] != 0 or starts[-1] != num_spots or np.any(np.diff(starts) < 0):
            raise IndexDamagedError("spots_wrong", file=paths[0].name, spots=num_spots)
        rows = map_matrix(paths[1], (num_spots,), np.uint32)
        signatures = map_matrix(paths[2], (num_spots,), np.uint64)
        return cls(side, num_rows, starts, rows, signatures, map_matrix(paths[3], (num_spots, 2), np.uint8))

    def query(
        self, asked: Spots, count: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the images that share the most with a query.

        Parameters
        ----------
        asked : spots of the query, the owner of each the way in which it is seen
        count : images wanted at most
        allowed : ndarray of shape (num_rows,), bool: images that may be found; None: all

        Returns
        -------
        rows, ways : ndarrays of shape (n,), int64: images, best first, and the way in which each is most like the query
        """
        places, spots, rarities = self._read(asked)
        flat = asked.signatures.ravel()
        bits = np.bitwise_count(self.signatures[places] ^ flat[spots])
        near = np.flatnonzero(bits <= MAX_BITS)
        places, spots, bits = places[near], spots[near], bits[near]
        rows = self.rows[places].astype(np.int64)
        if allowed is not None:
            may = allowed[rows]
            places, spots, bits, rows = places[may], spots[may], bits[may], rows[may]
        owners = spots // asked.cells.shape[1]
        seen = rows * _WAYS + asked.owners[owners]
        kept = _crowded(seen)
        places, spots, bits, owners, seen = places[kept], spots[kept], bits[kept], owners[kept], seen[kept]
        weights = rarities[spots] ** 2 * np.exp(-((bits / NEARNESS) ** 2))
        moved = self.poses[places].astype(np.int64) - asked.poses[owners]
        return _best(*_counted(seen, moved, weights), count)

    def _read(self, asked: Spots) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return which spots lie in the cells of a query's, for which place of its cells, and how rare each cell is."""
        cells = asked.cells
        starts, lengths = self.starts[cells].ravel(), (self.starts[cells + 1] - self.starts[cells]).ravel()
        rarities = np.log(max(len(self.rows), 1) / np.maximum(lengths, 1))
        # all nearest cells first, then all second nearest, as far as the limit goes
        order = np.arange(cells.size).reshape(cells.shape).T.ravel()
        order = order[np.cumsum(lengths[order]) <= MAX_READ]
        counts = lengths[order]
        ends = np.cumsum(counts)
        within = np.arange(ends[-1] if len(ends) else 0)
        places = within + np.repeat(starts[order] - ends + counts, counts)
        return places, np.repeat(order, counts), rarities


_WAYS = 8
"""More than there are ways to see a query."""


def _crowded(seen: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the places of what at least LEAST_VOTERS vote for."""
    _values, places, numbers = np.unique(seen, return_inverse=True, return_counts=True)
    return np.flatnonzero(numbers[places] >= LEAST_VOTERS)


def _counted(
    seen: NDArray[np.int64], moved: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Count votes in bins of turn and growth, each vote in the two nearest bins of both.

    Returns
    -------
    seen, votes : of every bin that has any
    """
    # In half bins: a vote counts for the bins that begin at its own half and at the one before.
    turns, growths = (moved[:, 0] & 255) * 2 // STEP, (moved[:, 1] + 256) * 2 // STEP
    keys = []
    for turn in (0, -1):
        for growth in (0, -1):
            keys.append((seen * 2 * DIRECTIONS + (turns + turn) % (2 * DIRECTIONS)) * 128 + growths + growth + 1)
    joined = np.concatenate(keys)
    order = np.argsort(joined, kind="stable")
    joined = joined[order]
    first = np.flatnonzero(np.diff(joined, prepend=-1))
    votes = np.add.reduceat(np.tile(weights, len(keys))[order], first) if len(first) else np.empty(0)
    return joined[first] // (2 * DIRECTIONS * 128), votes


def _best(
    seen: NDArray[np.int64], votes: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the images with the highest bins, best first, equals by rising row, and the ways of these bins."""
    order = np.lexsort((seen, -votes))
    _rows, first = np.unique(seen[order] // _WAYS, return_index=True)
    chosen = order[np.sort(first)[:count]]
    return seen[chosen] // _WAYS, seen[chosen] % _WAYS
