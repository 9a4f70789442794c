"""Kinds of images in a library that look alike as a whole, and which random pairs judge a pair of images.

By random pairs of a whole library any two X-ray images among photographs are a rare likeness, and any two photographs
are a common one. So a generation keeps tables of its kinds beside those of the library: of each group of images that
`search.scoring.kind_search` finds, and of the rest. Pure.

A pair within one kind is judged by that kind's pairs. Any other pair is as rare as the most cautious of the library's
and both kinds' tables says: so no image of another kind goes before one of the query's own that a method finds as
alike, and the score of a pair does not depend on which of its images was searched for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.scoring.calibration import Calibration
from search.types import Scores, Vectors

NONE = -1
"""Of no kind: judged by the library's pairs."""
BLOCK = 8192
"""Rows that are compared with the centers together."""
KindNumbers = NDArray[np.int8]
"""Kinds of n images, shape (n,)."""


@dataclass(frozen=True, slots=True)
class KindPlaces:
    """Where the kinds of a library lie among the rows of one method.

    Attributes
    ----------
    centers : ndarray of shape (c, dim), float32, of length 1: an image is of the kind of the nearest
    kinds : ndarray of shape (c,), int8: the kind of each center, or NONE
    rest : which of the kinds is all that is like no group; NONE: there is no such kind
    """

    centers: NDArray[np.float32]
    kinds: KindNumbers
    rest: int = NONE

    @property
    def num_kinds(self) -> int:
        return int(self.kinds.max(initial=NONE)) + 1

    def of(self, vectors: Vectors, present: NDArray[np.bool_] | None = None) -> KindNumbers:
        """Return the kind of each of some images.

        Parameters
        ----------
        vectors : ndarray of shape (n, dim), by the method of the centers; may be a memory map
        present : ndarray of shape (n,): which images have a vector, the others are of no kind; None: all
        """
        found = np.full(len(vectors), NONE, np.int8)
        if vectors.shape[1] != self.centers.shape[1]:
            return found
        # In double precision, or an image between two centers might change its kind with the rows that stand beside it.
        centers = self.centers.astype(np.float64).T
        for start in range(0, len(vectors), BLOCK):
            block = np.asarray(vectors[start : start + BLOCK], np.float64)
            found[start : start + BLOCK] = self.kinds[np.argmax(block @ centers, axis=1)]
        return found if present is None else np.where(present, found, np.int8(NONE))


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of a library, with their tables.

    Attributes
    ----------
    method, version : whose rows tell kinds apart
    places : where the kinds lie
    tables : by kind, then by method, of raw scores; a method that a kind lacks is judged by the library's pairs
    num_images : by kind, in the generation
    """

    method: str
    version: str
    places: KindPlaces
    tables: tuple[Mapping[str, Calibration], ...]
    num_images: tuple[int, ...]

    def of_query(self, vectors: Mapping[str, NDArray[Any]]) -> int:
        """Return the kind of one image by its vectors, of shape (dim,) by method."""
        vector = vectors.get(self.method)
        return NONE if vector is None else int(self.places.of(vector[None])[0])

    def only(self, names: set[str]) -> Kinds:
        """Return the same with the tables of some methods alone; the others are judged by the library's."""
        kept = tuple({name: table for name, table in each.items() if name in names} for each in self.tables)
        return replace(self, tables=kept)


@dataclass(frozen=True, slots=True)
class _Touched:
    """The pairs that one kind's tables are asked about: places of those within the kind, and of those across."""

    tables: Mapping[str, Calibration]
    within: NDArray[np.intp]
    across: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class PairTables:
    """Which tables judge each of n pairs of images.

    Attributes
    ----------
    library : by method
    touched : for every kind that an image of the pairs is of; empty: the library's tables judge all of them
    """

    library: Mapping[str, Calibration]
    touched: tuple[_Touched, ...] = ()

    def __contains__(self, name: object) -> bool:
        return name in self.library

    def decades_of(self, name: str, raw: Scores) -> NDArray[np.float64]:
        """Return the decades of the raw scores of the pairs, shape (n,); NaN stays NaN."""
        decades = self.library[name].decades_of(raw)
        for kind in self.touched:
            if table := kind.tables.get(name):
                decades[kind.within] = table.decades_of(raw[kind.within])
                decades[kind.across] = np.minimum(decades[kind.across], table.decades_of(raw[kind.across]))
        return decades


def pair_tables(
    library: Mapping[str, Calibration], kinds: Kinds | None, first: KindNumbers, second: KindNumbers
) -> PairTables:
    """Choose the tables of pairs.

    Parameters
    ----------
    library : by method
    kinds : of the library; None: it has none
    first, second : ndarrays of shape (n,), the kind of each image of the pairs
    """
    if kinds is None:
        return PairTables(library)
    touched = []
    for number in np.union1d(first, second).tolist():
        if number != NONE:
            one, other = first == number, second == number
            touched.append(_Touched(kinds.tables[number], np.flatnonzero(one & other), np.flatnonzero(one ^ other)))
    return PairTables(library, tuple(touched))
