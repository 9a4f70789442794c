"""Calibration of searches within a collection: by its own random pairs, where there are enough.

In a collection of X-ray images any two are alike by the standard of a library of photographs: every result would be
called rare. So a collection that is large enough has calibration tables of its own, made when it is first searched.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
from cachetools import LRUCache
from django.conf import settings
from numpy.typing import NDArray

from search.features import registry
from search.methods import Method, PairwiseMethod
from search.scoring.calibration import Sampling
from search.scoring.segments import MethodRows, MethodTables, Snapshot, fit_tables, take

MIN_IMAGES = 300
"""Images with features from which on a collection is judged by its own pairs."""
SAMPLING = Sampling(rows=600, queries=60, partners=60)
"""180,000 pairs of vector methods and 3,600 of costlier ones: about a second for all methods together."""
GROWTH = 0.1
"""Share of the images by which a collection may grow or shrink before its tables are made again."""
MAX_KEPT = 32

Key = tuple[int | None, tuple[tuple[str, str], ...], int]
# Generation and versions belong to the key: tables never outlive the rows that they were fitted to.
_kept: LRUCache[Key, tuple[int, dict[str, MethodTables]]] = LRUCache(MAX_KEPT)
_lock = threading.Lock()


def within(snapshot: Snapshot, collection_id: int, image_ids: NDArray[np.int64]) -> tuple[Snapshot, bool]:
    """Return a snapshot that is calibrated on a collection's pairs, and whether any method has enough of them.

    Parameters
    ----------
    snapshot : of the library
    collection_id : of the collection
    image_ids : ndarray of its images
    """
    if len(image_ids) < MIN_IMAGES:
        return snapshot, False
    key = (snapshot.generation_id, tuple(sorted(snapshot.versions.items())), collection_id)
    with _lock:
        # Fitted within the lock: of ten searches at once one fits, and nine wait a second for it.
        num_fitted, tables = _kept.get(key, (0, {}))
        if abs(len(image_ids) - num_fitted) > GROWTH * num_fitted:
            tables = _fit(snapshot, np.sort(image_ids))
            _kept[key] = len(image_ids), tables
    if not tables:
        return snapshot, False
    # Whoever searches within a collection compares with it: the kinds of the whole library say nothing then.
    return replace(snapshot, tables={**snapshot.tables, **tables}, kinds=None), True


def forget() -> None:
    """Drop all that this process holds."""
    with _lock:
        _kept.clear()


def _fit(snapshot: Snapshot, image_ids: NDArray[np.int64]) -> dict[str, MethodTables]:
    """Return the tables of the methods that enough images of a collection have."""
    seed = settings.ENV.index_seed
    tables = {}
    # The generation, or the delta where there is none yet: a method that only the delta holds has few images.
    for name, held in snapshot.segments[0].methods.items():
        present = _present(snapshot, name, image_ids)
        if len(present) < MIN_IMAGES:
            continue
        drawn = np.sort(np.random.default_rng(seed).choice(present, min(SAMPLING.rows, len(present)), replace=False))
        method = registry.methods()[name]
        if rows := _rows(snapshot, method, held, drawn):
            tables[name] = fit_tables(rows, method, np.arange(len(drawn)), seed, SAMPLING)
    return tables


def _present(snapshot: Snapshot, name: str, image_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return those of the images that can be found by a method."""
    found = [np.empty(0, np.int64)]
    for segment in snapshot.segments:
        if rows := segment.methods.get(name):
            usable = segment.searchable if rows.present is None else segment.searchable & rows.present
            found.append(segment.image_ids[usable])
    return np.intersect1d(np.concatenate(found), image_ids)


def _rows(snapshot: Snapshot, method: Method, like: MethodRows, image_ids: NDArray[np.int64]) -> MethodRows | None:
    """Return one method's rows of some images, scanned as those of the generation are."""
    found = take(snapshot, method.name, image_ids)
    if found is None:
        return None
    vectors = found[0]
    proxies = method.proxy(vectors) if isinstance(method, PairwiseMethod) else None
    rows = MethodRows(like.version, vectors, None, proxies)
    # Scans go over the shorter rows of the generation, so their calibration must, too.
    if like.basis is None:
        return rows
    return replace(rows, reduced=np.asarray(rows.whole @ like.basis, np.float32), basis=like.basis)
