"""Spots of images that are newer than the generation, indexed in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search.index.spots import SpotIndex
from search.methods import RerankMethod
from search.types import Spots, Vectors

MAX_ROWS = 10_000
"""Rows from which on no spots are indexed: placing those of more would keep somebody waiting for seconds. There are as
many where no generation serves, and one is being built then."""


class GrowingSpots:
    """The spots of one method's rows, which are only ever added."""

    def __init__(self, method: RerankMethod) -> None:
        self._method, self._side = method, method.spot_sides[0]
        self._num_rows = 0
        self._parts: list[Spots] = []
        self._index: SpotIndex | None = None

    def append(self, rows: Vectors, present: NDArray[np.bool_]) -> None:
        """Add rows of shape (n, dim) behind those that there are; those that are not present have no spots."""
        first, self._num_rows = self._num_rows, self._num_rows + len(rows)
        self._index = None
        if self._num_rows > MAX_ROWS:
            self._parts.clear()
            return
        places = np.flatnonzero(present)
        spots = self._method.spots(rows[places], self._side)
        self._parts.append(Spots(first + places[spots.owners], spots.cells, spots.signatures, spots.poses))

    def skip(self, num_rows: int) -> None:
        """Add rows without spots."""
        self._num_rows += num_rows

    def index(self) -> SpotIndex | None:
        """Return the index of all spots, sorted again where some were added; None where there are too many rows."""
        if self._num_rows > MAX_ROWS or not self._parts:
            return None
        if self._index is None:
            columns = zip(
                *((part.owners, part.cells, part.signatures, part.poses) for part in self._parts), strict=True
            )
            self._parts = [Spots(*(np.concatenate(column) for column in columns))]
            self._index = SpotIndex.of(self._parts[0], self._side, self._num_rows)
        return self._index
