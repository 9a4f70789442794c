"""The textbook color comparison over many images, as a reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gallery.decoding import Refused, get_decoder
from gallery.storage import originals
from search.evaluation.plan import Progress
from search.features.extraction import ANALYSIS_SIDE
from search.methods.color import TEXTBOOK_BINS, textbook_histogram
from search.types import RGBImage, Scores


class ReferenceColors:
    """Hue-saturation histograms of many images, compared as `cv2.compareHist(..., HISTCMP_CORREL)` does.

    The correlation of two histograms a, b of n bins is (a.b - n mean(a) mean(b)) / (n std(a) std(b)). Most bins are
    empty, so the histograms are kept sparse.
    """

    def __init__(self, images: Iterable[tuple[int, RGBImage]], num_rows: int) -> None:
        """Take the images that could be decoded, with their rows of `num_rows`, by rising row."""
        from scipy import sparse

        shape = (num_rows, TEXTBOOK_BINS[0] * TEXTBOOK_BINS[1])
        self._means, self._spreads = np.full(num_rows, np.nan), np.full(num_rows, np.nan)
        bins, values, lengths = [], [], np.zeros(num_rows, np.int64)
        for row, pixels in images:
            histogram = textbook_histogram(pixels).ravel()
            # Kept apart, because the histogram itself is kept without its zeros.
            self._means[row], self._spreads[row] = histogram.mean(), histogram.std()
            bins.append(np.flatnonzero(histogram))
            values.append(histogram[bins[-1]])
            lengths[row] = len(bins[-1])
        starts = np.concatenate([[0], np.cumsum(lengths)])
        parts = (np.concatenate([[], *values]), np.concatenate([np.empty(0, np.int64), *bins]), starts)
        self._histograms: Any = sparse.csr_array(parts, shape=shape)

    def scores(self, row: int) -> Scores:
        """Compare one image with all; NaN where a histogram is missing or flat."""
        # Two large sums are subtracted from each other below; float32 would lose most of their digits.
        histogram = self._histograms[[row]].toarray()[0].astype(np.float64)
        return self._compare(histogram, self._means[row], self._spreads[row])

    def scores_of(self, pixels: RGBImage) -> Scores:
        """Compare any image with all; NaN where a histogram is missing or flat."""
        histogram = textbook_histogram(pixels).ravel().astype(np.float64)
        return self._compare(histogram, float(histogram.mean()), float(histogram.std()))

    def _compare(self, histogram: NDArray[np.float64], mean: float, spread: float) -> Scores:
        num_bins = len(histogram)
        spreads = num_bins * self._spreads * spread
        shifted = self._histograms @ histogram - num_bins * self._means * mean
        return np.asarray(np.divide(shifted, spreads, out=np.full(len(spreads), np.nan), where=spreads > 0), np.float32)


def read_reference_colors(hashes: list[str], progress: Progress) -> ReferenceColors:
    """Decode the originals of these images and keep their histograms.

    What cannot be decoded, or is gone, is missing in the reference as a feature would be.
    """
    return ReferenceColors(_decode(hashes, progress), len(hashes))


def read_pixels(sha256: str) -> RGBImage | None:
    """Return an original's pixels as methods see them; None when it cannot be decoded or is gone."""
    with suppress(Refused, OSError), originals.local_file(sha256) as path:
        return get_decoder().pixels(path, ANALYSIS_SIDE)
    return None


def _decode(hashes: list[str], progress: Progress) -> Iterator[tuple[int, RGBImage]]:
    for row, sha256 in enumerate(hashes):
        progress("guide", row + 1, len(hashes))
        # An original that is gone for a moment should not end a measurement of hours.
        if (pixels := read_pixels(sha256)) is not None:
            yield row, pixels
