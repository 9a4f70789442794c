"""Pairs of rows, as arrays: what candidates, measurements and groups pass to each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray


class Pairs(NamedTuple):
    """Pairs of image ids, each once and sorted, by rising first and second.

    Attributes
    ----------
    first, second : ndarrays of shape (n,), int64, first < second
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]

    @classmethod
    def of(cls, one: NDArray[np.int64], other: NDArray[np.int64]) -> Self:
        """Return the pairs of two arrays of shape (m,): sorted, without repeats and without pairs of one image."""
        rows = np.stack([np.minimum(one, other), np.maximum(one, other)], axis=1)
        rows = np.unique(rows[rows[:, 0] < rows[:, 1]], axis=0) if len(rows) else rows.reshape(0, 2)
        return cls(rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64))

    @classmethod
    def listed(cls, pairs: Iterable[tuple[int, int]]) -> Self:
        """Return the pairs of a list."""
        rows = np.array(list(pairs), np.int64).reshape(-1, 2)
        return cls.of(rows[:, 0], rows[:, 1])

    @property
    def size(self) -> int:
        """How many pairs there are."""
        return len(self.first)

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Return some of the pairs."""
        return type(self)(self.first[chosen], self.second[chosen])

    def joined(self, other: Pairs) -> Self:
        """Return the pairs of both."""
        return self.of(np.concatenate([self.first, other.first]), np.concatenate([self.second, other.second]))

    def among(self, others: Pairs) -> NDArray[np.bool_]:
        """Tell of each pair whether it is one of the others; shape (n,)."""
        # One number for each pair, as np.isin knows no pairs; no id reaches a size at which this would overflow.
        top = 1 + max(int(values.max(initial=0)) for values in (*self, *others))
        return np.isin(self.first * top + self.second, others.first * top + others.second)
