"""Calibration of words: how seldom a random phrase fits a random image of this library at least so well.

The pairs of other methods are two images; here one of the two is a phrase of the background that the method brings
along. Made when words are first searched for, and kept for as long as the same generation serves.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
from cachetools import LRUCache
from django.conf import settings
from numpy.typing import NDArray

from search.features import registry
from search.methods import WORDS
from search.scoring.calibration import UNKNOWN, Calibration, fit
from search.scoring.said import with_said
from search.scoring.segments import MethodTables, Snapshot, take

if TYPE_CHECKING:
    from search.methods.words import Naming

SAMPLED_IMAGES = 1000
GROWTH = 0.1
"""Share of the images by which a library may grow or shrink before its table is made again."""
MAX_KEPT = 32

Key = tuple[int | None, str | None]
_kept: LRUCache[Key, tuple[int, Calibration]] = LRUCache(MAX_KEPT)
_lock = threading.Lock()


def for_words(snapshot: Snapshot, *, placed: bool) -> Snapshot:
    """Return a snapshot that judges words, where it judges images otherwise.

    Parameters
    ----------
    snapshot : what is searched
    placed : whether the words have a place among the images; else they only count where images say them
    """
    meant = _fitted(snapshot) if placed else UNKNOWN
    tables = MethodTables(with_said(meant), meant)
    return replace(snapshot, tables={**snapshot.tables, WORDS: tables})


def forget() -> None:
    """Drop all that this process holds."""
    with _lock:
        _kept.clear()


def _fitted(snapshot: Snapshot) -> Calibration:
    ids = _ids(snapshot)
    key = (snapshot.generation_id, snapshot.versions.get(WORDS))
    with _lock:
        num_fitted, table = _kept.get(key, (0, UNKNOWN))
        if abs(len(ids) - num_fitted) > GROWTH * num_fitted:
            table = _fit(snapshot, ids)
            _kept[key] = len(ids), table
    return table


def _ids(snapshot: Snapshot) -> NDArray[np.int64]:
    """Return the images that words can find, ascending."""
    found = [np.empty(0, np.int64)]
    for segment in snapshot.segments:
        if rows := segment.methods.get(WORDS):
            usable = segment.searchable if rows.present is None else segment.searchable & rows.present
            found.append(segment.image_ids[usable])
    return np.unique(np.concatenate(found))


def _fit(snapshot: Snapshot, ids: NDArray[np.int64]) -> Calibration:
    generator = np.random.default_rng(settings.ENV.index_seed)
    drawn = np.sort(generator.choice(ids, min(SAMPLED_IMAGES, len(ids)), replace=False))
    held = take(snapshot, WORDS, drawn)
    if held is None:
        return UNKNOWN
    phrases = cast("Naming", registry.methods()[WORDS]).background()
    return fit((phrases @ held[0].T).ravel())
