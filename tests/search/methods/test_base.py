from __future__ import annotations

import cv2
import numpy as np
import pytest

from search.methods.base import check_images, gray, normalize_rows, resize, resize_longest
from search.types import RGBImage


def test_gray_is_the_luma() -> None:
    image = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 10, 10]]], np.uint8)
    np.testing.assert_array_equal(gray(image), [[76, 150, 29, 10]])  # 0.299, 0.587 and 0.114 of 255


def test_shrinking_takes_the_mean_of_each_area() -> None:
    image = np.array([[0, 4, 100, 104], [8, 12, 108, 112]], np.uint8)
    np.testing.assert_array_equal(resize(image, 1, 2), [[6, 106]])


def test_a_side_that_grows_does_not_make_the_other_skip_pixels() -> None:
    stripes = np.tile(np.array([0, 200], np.uint8), (4, 64))  # (4, 128)
    assert (cv2.resize(stripes, (8, 16), interpolation=cv2.INTER_AREA) != 100).any()
    np.testing.assert_array_equal(resize(stripes, 16, 8), np.full((16, 8), 100))


def test_same_size_is_left_alone(picture: RGBImage) -> None:
    np.testing.assert_array_equal(resize(picture, *picture.shape[:2]), picture)


@pytest.mark.parametrize(
    ("shape", "expected"), [((100, 50), (64, 32)), ((50, 100), (32, 64)), ((20, 30), (20, 30)), ((1, 900), (1, 64))]
)
def test_longest_side_is_bounded_and_the_aspect_kept(shape: tuple[int, int], expected: tuple[int, int]) -> None:
    assert resize_longest(np.zeros(shape, np.uint8), 64).shape == expected


def test_rows_get_unit_length_and_zeros_stay() -> None:
    rows = normalize_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]])


def test_pictures_pass(picture: RGBImage) -> None:
    check_images([picture, picture[:1, :1]])


def test_what_came_is_said() -> None:
    with pytest.raises(ValueError, match=r"image 0: .* got shape \(2, 2\), float64"):
        check_images([np.zeros((2, 2))])  # type: ignore[list-item]
