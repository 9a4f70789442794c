from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from search.methods.color import BINS, EXPONENT, Color, textbook_histogram, textbook_similarity
from search.types import RGBImage


def plain(red: int, green: int, blue: int, height: int = 12, width: int = 20) -> RGBImage:
    return np.full((height, width, 3), (red, green, blue), np.uint8)


def whole(image: RGBImage) -> NDArray[np.float32]:
    """The half of the descriptor that tells of the whole picture, as (hue, saturation, value)."""
    return Color().describe([image])[0][:128].reshape(BINS)


def test_red_is_shared_by_the_first_and_the_last_hue() -> None:
    # Hue 0 lies in the first of 36 fine bins, centered 0.389 bins below the first of 8: it gets 0.611, the last 0.389.
    found = whole(plain(255, 0, 0))
    shares = np.array([0.5 * 8 / 36 + 0.5, 0.5 - 0.5 * 8 / 36])
    expected = shares**EXPONENT / np.linalg.norm(shares**EXPONENT) / np.sqrt(2)  # halves share the length
    np.testing.assert_allclose(found[[0, -1], -1, -1], expected, rtol=1e-5)
    assert np.count_nonzero(found) == 2


def test_black_and_white_differ_in_value_alone() -> None:
    black, white = whole(plain(0, 0, 0)), whole(plain(255, 255, 255))
    assert np.flatnonzero(black.sum(axis=(0, 1))).tolist() == [0]
    assert np.flatnonzero(white.sum(axis=(0, 1))).tolist() == [3]
    assert Color().scores(black.ravel(), white.reshape(1, -1))[0] == 0


def test_where_colors_lie_matters_only_by_the_middle() -> None:
    image = np.concatenate([plain(200, 30, 30), plain(30, 30, 200)], axis=1)
    turned = np.ascontiguousarray(image[:, ::-1])
    np.testing.assert_array_equal(*Color().describe([image, turned]))
    framed = plain(200, 30, 30, 20, 20)
    framed[5:-5, 5:-5] = (30, 30, 200)
    swapped = plain(30, 30, 200, 20, 20)
    swapped[5:-5, 5:-5] = (200, 30, 30)
    query, other = Color().describe([framed, swapped])
    assert query @ other < 0.98


def test_a_color_near_a_bound_moves_little() -> None:
    rows = Color().describe([plain(200, 100, level) for level in (60, 63, 66)])
    assert (rows @ rows.T).min() > 0.97


def test_golden_values(picture: RGBImage) -> None:
    row = Color().describe([picture])[0]
    assert float(row @ np.linspace(0, 1, row.size, dtype=np.float32)) == pytest.approx(6.0208, abs=1e-3)
    assert np.count_nonzero(row) == 186


def test_textbook_is_opencv(picture: RGBImage) -> None:
    other = np.ascontiguousarray(picture[20:, :90, ::-1])
    histograms = []
    for image in (picture, other):
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        histogram = cv2.calcHist([hsv], [0, 1], None, [180, 256], [0, 180, 0, 256])
        histograms.append(cv2.normalize(histogram, histogram, 0, 1, cv2.NORM_MINMAX))
    expected = cv2.compareHist(*histograms, cv2.HISTCMP_CORREL)
    assert textbook_similarity(picture, other) == Color.textbook_similarity(picture, other) == expected
    assert -1 <= expected < 0.5
    np.testing.assert_array_equal(textbook_histogram(picture), histograms[0])


def test_textbook_of_equals_is_one(picture: RGBImage) -> None:
    assert textbook_similarity(picture, picture) == pytest.approx(1)
    assert textbook_similarity(plain(0, 0, 0), plain(0, 0, 0)) == pytest.approx(1)


def test_textbook_refuses_what_is_no_picture(picture: RGBImage) -> None:
    with pytest.raises(ValueError, match="image 0: expected"):
        textbook_similarity(picture, picture[:, :, 0])
