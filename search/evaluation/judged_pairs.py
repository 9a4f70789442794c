"""Relevance judgments: pairs of images of which somebody knows whether they belong together.

Search learns from people's decisions without knowing where these are stored: apps that store some register
themselves here under a name. Labels are the one source that is always there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gallery.models import Image
from search.exceptions import SearchError

DEFAULT_LIMIT = 100_000
LABELS = "labels"
"""The source that takes pairs of one label as belonging together, and pairs of two labels as not."""


class UnknownSourceError(SearchError):
    """Nobody judges pairs under that name."""


@dataclass(frozen=True, slots=True)
class JudgedPairs:
    """Pairs of images that can be found, each pair once.

    Attributes
    ----------
    first, second : ndarrays of shape (n,), int64, image ids, first < second
    same : ndarray of shape (n,), bool: do they belong together
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    same: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.same)


class JudgementSource(Protocol):
    """Who knows of pairs: at most `limit` of them, both images in the collection if one is given."""

    def __call__(self, *, collection_id: int | None, limit: int, seed: int) -> JudgedPairs: ...


_sources: dict[str, JudgementSource] = {}


def register(name: str, source: JudgementSource) -> None:
    """Make a source known under a name."""
    _sources[name] = source


def source_names() -> list[str]:
    """Return the names of all sources."""
    return list(_sources)


def judged_pairs(
    source: str, *, collection_id: int | None = None, limit: int = DEFAULT_LIMIT, seed: int = 0
) -> JudgedPairs:
    """Return the pairs that a source knows of.

    Parameters
    ----------
    source : a registered name, such as "labels" or "verdicts"
    collection_id : both images are in this collection; None: in any or none
    limit : most pairs; when there are more, that many are drawn
    seed : of the draw

    Raises
    ------
    UnknownSourceError : no such source
    """
    if source not in _sources:
        raise UnknownSourceError("no_such_judged_pairs", name=source, expected=list(_sources))
    return _sources[source](collection_id=collection_id, limit=limit, seed=seed)


def _from_labels(*, collection_id: int | None, limit: int, seed: int) -> JudgedPairs:
    images = Image.objects.shown().exclude(label="").order_by("pk")
    if collection_id is not None:
        images = images.filter(collections=collection_id)
    listed = list(images.values_list("pk", "label"))
    ids = np.array([pk for pk, _label in listed], np.int64)
    return pairs_of_labels(ids, np.array([label for _pk, label in listed], np.str_), limit, seed)


def pairs_of_labels(ids: NDArray[np.int64], labels: NDArray[np.str_], limit: int, seed: int) -> JudgedPairs:
    """Return pairs of one label and pairs of two labels: all there are, or limit / 2 of each drawn at random.

    Parameters
    ----------
    ids : ndarray of shape (n,), ascending
    labels : ndarray of shape (n,)
    limit, seed : see `judged_pairs`
    """
    generator = np.random.default_rng(seed)
    order = np.argsort(labels, kind="stable")
    sorted_labels, places = labels[order], np.arange(len(order))
    group_ends = np.searchsorted(sorted_labels, sorted_labels, side="right")
    # As many of either kind, since nearly all pairs of a library are of two labels.
    within = _draw_pairs(places + 1, group_ends, limit // 2, generator)
    between = _draw_pairs(group_ends, np.full(len(order), len(order)), limit // 2, generator)
    pairs = np.sort(ids[order[np.concatenate([within, between])]], axis=1)
    return JudgedPairs(pairs[:, 0], pairs[:, 1], np.arange(len(pairs)) < len(within))


def _draw_pairs(
    starts: NDArray[np.int64], ends: NDArray[np.int64], count: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return up to `count` of the pairs (i, j) with starts[i] <= j < ends[i], each equally likely; shape (pairs, 2)."""
    # Pairs are numbered, not listed: of 10,000 images there are fifty million.
    numbers_end = np.cumsum(ends - starts)
    total = int(numbers_end[-1]) if len(starts) else 0
    numbers = np.arange(total) if total <= count else np.sort(generator.choice(total, count, replace=False))
    first = np.searchsorted(numbers_end, numbers, side="right")
    second = ends[first] - (numbers_end[first] - numbers)
    return np.stack([first, second], axis=1)


register(LABELS, _from_labels)
