"""Where the map's rows come from: what search itself would look at now, one method at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.features import registry
from search.methods import METHODS
from search.scoring.segments import MethodRows, Snapshot

CHUNK_ROWS = 4096


@dataclass(frozen=True, slots=True)
class MapRows:
    """One method's rows of every image that can be found, by rising image id, read when they are needed."""

    method: str
    version: str
    image_ids: NDArray[np.int64]  # (n,)
    _segments: tuple[MethodRows, ...]
    _places: NDArray[np.int64]  # (n, 2): segment and row

    def take(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return rows of shape (len(positions), dim)."""
        first = _compared(self._segments[0])
        found = np.empty((len(positions), first.shape[1]), np.float32)
        for number, rows in enumerate(self._segments):
            mine = np.flatnonzero(self._places[positions, 0] == number)
            for start in range(0, len(mine), CHUNK_ROWS):
                part = mine[start : start + CHUNK_ROWS]
                found[part] = _compared(rows)[self._places[positions[part], 1]]
        return found


def map_rows(snapshot: Snapshot, name: str) -> MapRows | None:
    """Return a method's rows, None when no image has any."""
    held = [segment for segment in snapshot.segments if name in segment.methods]
    if not held:
        return None
    version = held[0].methods[name].version
    # Distances between rows of two versions mean nothing.
    held = [segment for segment in held if segment.methods[name].version == version]
    ids, places = [], []
    for number, segment in enumerate(held):
        rows = segment.methods[name]
        usable = np.flatnonzero(segment.searchable if rows.present is None else segment.searchable & rows.present)
        ids.append(np.asarray(segment.image_ids)[usable])
        places.append(np.stack([np.full(len(usable), number), usable], axis=1))
    all_ids, all_places = np.concatenate(ids), np.concatenate(places)
    if not len(all_ids):
        return None
    order = np.argsort(all_ids, kind="stable")
    return MapRows(name, version, all_ids[order], tuple(s.methods[name] for s in held), all_places[order])


def mappable(snapshot: Snapshot) -> list[str]:
    """Return the methods whose rows can be laid out, the one that counts most first.

    Those that only re-rank compare by no distance.
    """
    methods = registry.methods()
    held = {name for segment in snapshot.segments for name in segment.methods}
    names = [name for name in METHODS if name in held and not methods[name].reranks]
    return sorted(names, key=lambda name: -METHODS[name].default_weight)


def _compared(rows: MethodRows) -> NDArray[np.float32]:
    """Return the vectors whose distances count: a pairwise method's proxies, else the rows as they are."""
    return np.asarray(rows.vectors if rows.proxies is None else rows.proxies, np.float32)
