"""The rows that random pairs are made of: drawn by chance, and no two of them known to be copies of one picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from search.methods import Method
from search.scoring.calibration import LIBRARY, draw
from search.scoring.copies import KnownCopies, find_copies, without_copies
from search.scoring.segments import Segment
from search.types import Vectors

EVIDENCE = ("deep", "siamese", "phash", "local")
"""Methods by which copies are found."""


class RandomRows:
    """Draws rows of a segment. Methods that know the same images are given the same rows, for one search for copies."""

    def __init__(
        self, segment: Segment, methods: Mapping[str, Method], seed: int, known: KnownCopies, most: int = LIBRARY.rows
    ) -> None:
        """Keep what is drawn from.

        Parameters
        ----------
        segment : the images
        methods : by name, to compare them
        seed : of the draw
        known : see `KnownCopies`
        most : rows that are drawn at most
        """
        self.segment = segment
        self._methods, self._seed, self._known, self._most = methods, seed, known, most
        self._drawn: dict[bytes, NDArray[np.int64]] = {}

    def of(self, usable: NDArray[np.int64], most: int | None = None) -> NDArray[np.int64]:
        """Return up to `most` of some rows, ascending: of copies of one picture only one."""
        drawn = draw(usable, most or self._most, np.random.default_rng(self._seed))
        key = drawn.tobytes()
        if key not in self._drawn:
            self._drawn[key] = drawn[self._distinct(drawn)]
        return self._drawn[key]

    def _distinct(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        held: dict[str, tuple[Vectors, NDArray[np.bool_]]] = {}
        for name in EVIDENCE:
            if name in self._methods and (stored := self.segment.methods.get(name)):
                present = np.ones(len(rows), bool) if stored.present is None else np.asarray(stored.present[rows])
                held[name] = stored.vectors[rows], present
        found = find_copies(held, self._methods, len(rows))
        return without_copies(len(rows), [*found, *self._known(np.asarray(self.segment.image_ids[rows]))])
