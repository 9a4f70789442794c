"""Histograms of the colors of two pictures."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from review.inspection.histograms import BINS, CHANNELS, histograms, overlaps


def test_it_works() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    image[0] = (255, 0, 0)
    red, green, _blue, brightness = histograms(image)
    assert (red[0], red[-1]) == (0.5, 0.5)
    assert green[0] == 1
    assert brightness[76 * BINS // 256] == 0.5  # the luma of pure red is 76


def test_rows_add_up_to_one(picture: NDArray[np.uint8]) -> None:
    found = histograms(picture)
    assert found.shape == (len(CHANNELS), BINS)
    assert found.sum(axis=1) == pytest.approx(1)


def test_equal_histograms_overlap_wholly_and_apart_ones_not(picture: NDArray[np.uint8]) -> None:
    found = histograms(picture)
    assert overlaps(found, found) == pytest.approx(1)
    black, white = (histograms(np.full((4, 4, 3), level, np.uint8)) for level in (0, 255))
    assert overlaps(black, white).tolist() == [0, 0, 0, 0]


def test_an_empty_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="non-empty"):
        histograms(np.empty((0, 4, 3), np.uint8))
