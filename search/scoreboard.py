"""The figures of the library's own labels: each method, the fusions, and the guide's definitions beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from gallery.decoding import Refused, get_decoder
from gallery.files import original_path
from gallery.models import Image
from search import features
from search.evaluation import Figures, answerable, evaluate_many
from search.exceptions import SearchError
from search.extraction import ANALYSIS_SIDE
from search.fusion import DEFAULT_WEIGHTS, fuse
from search.methods import METHODS
from search.methods.color import GUIDE_BINS, guide_histogram
from search.rows import Snapshot, take
from search.snapshots import current_snapshot
from search.types import RGBImage, Scores, Vectors

GUIDE_COLOR, RAW_SUM = "guide_color", "raw_sum"
DEFAULT, EQUAL = "default", "equal"
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many of how many are done."""


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """Figures by ranking."""

    num_images: int
    num_labels: int
    num_queries: int
    methods: dict[str, Figures]
    fused: dict[str, Figures]
    reference: dict[str, Figures]


class GuideColors:
    """Hue-saturation histograms of many images, compared as `cv2.compareHist(..., HISTCMP_CORREL)` does.

    The correlation of two histograms a, b of n bins is (a.b - n mean(a) mean(b)) / (n std(a) std(b)). Most bins are
    empty, so the histograms are kept sparse.
    """

    def __init__(self, images: Iterable[tuple[int, RGBImage]], num_rows: int) -> None:
        """Take the images that could be decoded, with their rows of `num_rows`, by rising row."""
        from scipy import sparse

        shape = (num_rows, GUIDE_BINS[0] * GUIDE_BINS[1])
        self._means, self._spreads = np.full(num_rows, np.nan), np.full(num_rows, np.nan)
        bins, values, lengths = [], [], np.zeros(num_rows, np.int64)
        for row, pixels in images:
            histogram = guide_histogram(pixels).ravel()
            self._means[row], self._spreads[row] = histogram.mean(), histogram.std()
            bins.append(np.flatnonzero(histogram))
            values.append(histogram[bins[-1]])
            lengths[row] = len(bins[-1])
        starts = np.concatenate([[0], np.cumsum(lengths)])
        parts = (np.concatenate([[], *values]), np.concatenate([np.empty(0, np.int64), *bins]), starts)
        self._histograms: Any = sparse.csr_array(parts, shape=shape)

    def scores(self, row: int) -> Scores:
        """Compare one image with all; NaN where a histogram is missing or flat."""
        num_bins = GUIDE_BINS[0] * GUIDE_BINS[1]
        products = self._histograms @ self._histograms[[row]].toarray()[0].astype(np.float64)
        spreads = num_bins * self._spreads * self._spreads[row]
        shifted = products - num_bins * self._means * self._means[row]
        return np.asarray(np.divide(shifted, spreads, out=np.full(len(spreads), np.nan), where=spreads > 0), np.float32)


def measure(collection_id: int | None, max_queries: int, progress: Progress) -> Scoreboard:
    """Query with the labelled images of a collection, or of the whole library, and judge by the labels.

    Parameters
    ----------
    collection_id : None = all
    max_queries : when there are more, that many are drawn by the seed of the settings
    progress : told how far it is

    Raises
    ------
    SearchError : no two images with features share a label
    """
    images = Image.objects.shown().exclude(label="").order_by("pk")
    if collection_id is not None:
        images = images.filter(collections=collection_id)
    snapshot = current_snapshot()
    listed = list(images.values_list("pk", "label", "sha256"))
    ids = np.array([pk for pk, _label, _sha256 in listed], np.int64)
    labels = np.array([label for _pk, label, _sha256 in listed])
    rows = {name: found for name in METHODS if (found := take(snapshot, name, ids))}
    queries = answerable(labels)
    if not rows or not len(queries):
        raise SearchError(
            _("Nothing can be measured: no two images with features share a label. Import with --label-from-folder.")
        )
    if len(queries) > max_queries:
        queries = np.sort(np.random.default_rng(settings.ENV.index_seed).choice(queries, max_queries, replace=False))
    colors = GuideColors(_decode([sha256 for _pk, _label, sha256 in listed], progress), len(listed))
    judge = _Judge(snapshot, rows, colors)
    done = iter(range(1, len(queries) + 1))

    def score(row: int) -> dict[str, NDArray[np.floating]]:
        progress("queries", next(done), len(queries))
        return judge.rankings(row)

    figures = evaluate_many(score, labels, queries)
    return Scoreboard(
        num_images=len(ids),
        num_labels=len(np.unique(labels)),
        num_queries=len(queries),
        methods={name: figures[name] for name in METHODS if name in figures},
        fused={name: figures[name] for name in (DEFAULT, EQUAL)},
        reference={name: figures[name] for name in (GUIDE_COLOR, RAW_SUM) if name in figures},
    )


def _decode(hashes: list[str], progress: Progress) -> Iterator[tuple[int, RGBImage]]:
    """Yield the originals' pixels; what cannot be decoded is missing in the reference, as a feature would be."""
    for row, sha256 in enumerate(hashes):
        progress("guide", row + 1, len(hashes))
        with suppress(Refused, FileNotFoundError):
            yield row, get_decoder().pixels(original_path(sha256), ANALYSIS_SIDE)


class _Judge:
    """Ranks everything by everything that is compared."""

    def __init__(
        self, snapshot: Snapshot, rows: Mapping[str, tuple[Vectors, NDArray[np.bool_]]], colors: GuideColors
    ) -> None:
        self._snapshot, self._rows, self._colors = snapshot, rows, colors
        self._names = list(rows)

    def rankings(self, row: int) -> dict[str, NDArray[np.floating]]:
        """Return the scores of every image for one query, by ranking."""
        raw = {name: self._raw(name, row) for name in self._names}
        rarities = np.array([self._snapshot.tables[name].raw.rarity(raw[name]) for name in self._names])
        found: dict[str, NDArray[np.floating]] = {
            name: scores for name, scores in raw.items() if not np.isnan(scores).all()
        }
        found[DEFAULT] = fuse(rarities, np.array([DEFAULT_WEIGHTS[name] for name in self._names]))
        found[EQUAL] = fuse(rarities, np.ones(len(self._names)))
        guide = self._colors.scores(row)
        if not np.isnan(guide).all():
            found[GUIDE_COLOR] = guide
            added = np.array([guide if name == "color" else raw[name] for name in self._names])
            found[RAW_SUM] = fuse(added, np.array([DEFAULT_WEIGHTS[name] for name in self._names]))
        return found

    def _raw(self, name: str, row: int) -> Scores:
        vectors, present = self._rows[name]
        if not present[row]:
            return np.full(len(vectors), np.nan, np.float32)
        return np.where(present, features.methods()[name].scores(vectors[row], vectors), np.float32(np.nan))
