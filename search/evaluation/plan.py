"""The plan of a measurement, the same for every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from search.scoring.segments import Snapshot

REFERENCE_MAX_IMAGES = 5_000
"""The textbook's histograms are read from the originals: beyond so many images that takes too long to be worth it."""
PHASES = ("guide", "queries", "copies", "index", "reliability")
Progress = Callable[[str, int, int], None]
"""Called with what is being done (one of `PHASES`), how many of how many are done. May raise to end the work."""


@dataclass(frozen=True, slots=True)
class MeasurementPlan:
    """One measurement to come."""

    snapshot: Snapshot
    weights: Mapping[str, Mapping[str, float]]  # fusion -> weights by method
    collection_id: int | None  # None = all images
    max_queries: int
    progress: Progress

    def draw(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return at most `max_queries` of these rows, ascending, drawn by the seed of the settings."""
        if len(rows) <= self.max_queries:
            return rows
        drawn = np.random.default_rng(settings.ENV.index_seed).choice(rows, self.max_queries, replace=False)
        return np.asarray(np.sort(drawn))
