"""Calibration of words: how seldom a random phrase fits a random image of this library at least so well.

The pairs of other methods are two images; here one of the two is a phrase of the background that the method brings
along, and the words searched for are judged on their own scale (see `search.scoring.phrases`). What rests on the
background is made when words are first searched for, and kept for as long as the same generation serves.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from cachetools import LRUCache
from django.conf import settings
from numpy.typing import NDArray

from search.features import registry
from search.generations.visibility import without
from search.methods import WORDS
from search.scoring.calibration import UNKNOWN, Calibration
from search.scoring.namesakes import LEAST, drawn_to
from search.scoring.phrases import PhraseTable, fit_phrases
from search.scoring.said import with_said
from search.scoring.segments import MethodTables, Snapshot, take

if TYPE_CHECKING:
    from search.methods.words import Naming

SAMPLED_IMAGES = 1000
GROWTH = 0.1
"""Share of the images by which a library may grow or shrink before its table is made again."""
MAX_KEPT = 32

Key = tuple[int | None, str | None]
Fitted = tuple[NDArray[np.int64], PhraseTable | None]
"""Images drawn, and what the background says of them; None: nothing, as there are none."""
_kept: LRUCache[Key, tuple[int, Fitted]] = LRUCache(MAX_KEPT)
_lock = threading.Lock()


def for_words(snapshot: Snapshot, row: NDArray[Any] | None, closed: NDArray[np.int64]) -> Snapshot:
    """Return a snapshot that judges words, where it judges images otherwise.

    Parameters
    ----------
    snapshot : what is searched
    row : ndarray of shape (dim,): the words' place among the images; None: they only count where images say them
    closed : ndarray of ids of images by which these words are not judged: whoever asks must not learn of them
    """
    meant = UNKNOWN if row is None else _judging(snapshot, row, closed)
    tables = MethodTables(with_said(meant), meant)
    # Kinds are told by pairs of images, and here one of the two is a phrase.
    kinds = snapshot.kinds and snapshot.kinds.only(snapshot.tables.keys() - {WORDS})
    return replace(snapshot, tables={**snapshot.tables, WORDS: tables}, kinds=kinds)


def drawn_to_namesakes(
    snapshot: Snapshot, row: NDArray[Any], said: NDArray[np.int64], closed: NDArray[np.int64]
) -> tuple[NDArray[Any], int]:
    """Return where words lie once the library's own images have shown what they mean, and how many images did.

    Parameters
    ----------
    snapshot, row, closed : see `for_words`
    said : ndarray of ids of images whose own texts hold the words, none of them closed
    """
    if len(said) < LEAST:
        return row, 0
    seen = without(snapshot, closed)
    held, others = (take(seen, WORDS, ids) for ids in (said, _fitted(snapshot)[0]))
    if held is None or others is None:
        return row, 0
    drawn = drawn_to(row, held[0][held[1]], others[0][others[1]])
    return (row, 0) if drawn is None else (drawn, int(np.count_nonzero(held[1])))


def forget() -> None:
    """Drop all that this process holds."""
    with _lock:
        _kept.clear()


def _judging(snapshot: Snapshot, row: NDArray[Any], closed: NDArray[np.int64]) -> Calibration:
    drawn, table = _fitted(snapshot)
    if table is None:
        return UNKNOWN
    held = take(without(snapshot, closed), WORDS, drawn)
    return table.judging(np.empty(0, np.float32) if held is None else held[0][held[1]] @ row)


def _fitted(snapshot: Snapshot) -> Fitted:
    ids = _ids(snapshot)
    key = (snapshot.generation_id, snapshot.versions.get(WORDS))
    with _lock:
        num_fitted, fitted = _kept.get(key, (0, (ids[:0], None)))
        if abs(len(ids) - num_fitted) > GROWTH * num_fitted:
            fitted = _fit(snapshot, ids)
            _kept[key] = len(ids), fitted
    return fitted


def _ids(snapshot: Snapshot) -> NDArray[np.int64]:
    """Return the images that words can find, ascending."""
    found = [np.empty(0, np.int64)]
    for segment in snapshot.segments:
        if rows := segment.methods.get(WORDS):
            usable = segment.searchable if rows.present is None else segment.searchable & rows.present
            found.append(segment.image_ids[usable])
    return np.unique(np.concatenate(found))


def _fit(snapshot: Snapshot, ids: NDArray[np.int64]) -> Fitted:
    generator = np.random.default_rng(settings.ENV.index_seed)
    drawn = np.sort(generator.choice(ids, min(SAMPLED_IMAGES, len(ids)), replace=False))
    held = take(snapshot, WORDS, drawn)
    if held is None or not len(drawn):
        return drawn, None
    phrases = cast("Naming", registry.methods()[WORDS]).background()
    return drawn, fit_phrases(phrases @ held[0].T)
