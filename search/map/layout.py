"""One method's map: laid out from its rows, or an earlier one with new images placed into it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from search.map.files import LibraryMap, MapFacts, MapModel, laid_out
from search.map.projection import along, fit_directions, plane_of, turned_like
from search.map.rows import MapRows
from search.map.tsne import fit_tsne, place_tsne

MAX_FITTED = 20_000
"""Most rows that a layout is made of; the others are placed into it."""
GROWTH = 2.0
"""A layout is made again when the library has grown, or shrunk, so many times since."""


class StepObserver(Protocol):
    """Called with a code for what is being done, which share of it is done, 0..1, and of how many images."""

    def __call__(self, phase: str, share: float, **numbers: int) -> None: ...


"""Called with what is being done and which share of it is done, 0..1."""
logger = logging.getLogger(__name__)


def outgrown(old: LibraryMap, rows: MapRows) -> bool:
    """Whether the layout no longer stands for the rows: another version, too few of them, or most of them gone."""
    num, fitted = len(rows.image_ids), old.facts.num_fitted
    return old.facts.version != rows.version or fitted < min(num / GROWTH, MAX_FITTED) or fitted > num * GROWTH


def lay_out(rows: MapRows, old: LibraryMap | None, seed: int, observer: StepObserver) -> LibraryMap:
    """Make a layout of a sample, turned like the old one, and place the others."""
    num = len(rows.image_ids)
    chosen = np.arange(num)
    if num > MAX_FITTED:
        chosen = np.sort(np.random.default_rng(seed).choice(num, MAX_FITTED, replace=False))
    sample = rows.take(chosen)
    observer("directions", 0.0)
    directions = fit_directions(sample)
    reference = along(directions, sample)
    points = fit_tsne(reference, seed, lambda share: observer("laying_out", share, num=len(chosen)))
    points = _turned(points, rows.image_ids[chosen], old)
    model = MapModel(directions, reference, points)
    facts = MapFacts(rows.method, rows.version, num, len(chosen), directions.plane, directions.kept)
    everything = {"pca": np.empty((num, 2), np.float32), "tsne": np.empty((num, 2), np.float32)}
    everything["pca"][chosen], everything["tsne"][chosen] = plane_of(reference), points
    _place(rows, np.setdiff1d(np.arange(num), chosen, assume_unique=True), model, everything, observer)
    return laid_out(facts, rows.image_ids, everything, model)


def _turned(points: NDArray[np.float32], image_ids: NDArray[np.int64], old: LibraryMap | None) -> NDArray[np.float32]:
    """Return a new layout centred, and turned like the old one as far as they share images."""
    centred = np.asarray(points - points.mean(axis=0), np.float32)
    if old is None:
        return centred
    _shared, new_rows, old_rows = np.intersect1d(image_ids, old.image_ids, assume_unique=True, return_indices=True)
    turn = turned_like(centred[new_rows], old.points["tsne"][old_rows])
    return np.asarray(centred @ turn, np.float32)


def bring_up_to_date(rows: MapRows, old: LibraryMap, observer: StepObserver) -> LibraryMap:
    """Place what is new and drop what is gone; returns `old` itself when nothing changed."""
    if np.array_equal(rows.image_ids, old.image_ids):
        return old
    num = len(rows.image_ids)
    points = {name: np.empty((num, 2), np.float32) for name in old.points}
    kept, new_rows, old_rows = np.intersect1d(rows.image_ids, old.image_ids, assume_unique=True, return_indices=True)
    for name, places in points.items():
        places[new_rows] = old.points[name][old_rows]
    fresh = np.setdiff1d(np.arange(num), new_rows, assume_unique=True)
    _place(rows, fresh, old.model, points, observer)
    logger.info("map of %s: %d kept, %d placed", rows.method, len(kept), len(fresh))
    return laid_out(replace(old.facts, num_images=num), rows.image_ids, points, old.model)


def _place(
    rows: MapRows,
    positions: NDArray[np.int64],
    model: MapModel,
    points: dict[str, NDArray[np.float32]],
    observer: StepObserver,
) -> None:
    """Write the places of rows that the layout was not made of."""
    if not len(positions):
        return
    observer("placing", 0.9, num=len(positions))
    found = along(model.directions, rows.take(positions))
    points["pca"][positions] = plane_of(found)
    points["tsne"][positions] = place_tsne(found, model.reference, model.points)
