"""Maps of where two pictures differ."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from review.inspection.differences import compare, lay_over
from review.inspection.palette import colors
from search.methods.base import gray

IDENTITY = np.eye(3)


def test_equal_pictures_are_dark_all_over(picture: NDArray[np.uint8]) -> None:
    found = compare(picture, picture)
    assert found is not None
    assert found.mean == pytest.approx(1)
    assert found.overlap == 1
    assert found.picture.shape == (120, 160, 4)
    assert (found.picture[..., :3] == colors()[0]).all()


def test_the_number_is_that_of_scikit_image(picture: NDArray[np.uint8], rng: np.random.Generator) -> None:
    other = np.clip(picture + rng.normal(0, 30, picture.shape), 0, 255).astype(np.uint8)
    found = compare(picture, other)
    assert found is not None
    expected = structural_similarity(gray(picture), gray(other), data_range=255)
    assert found.mean == pytest.approx(expected, abs=1e-9)


def test_a_changed_spot_is_bright_and_the_rest_dark(picture: NDArray[np.uint8], rng: np.random.Generator) -> None:
    other = picture.copy()
    other[40:60, 50:80] = rng.integers(0, 256, (20, 30, 3))
    found = compare(picture, other)
    assert found is not None
    assert found.picture[50, 65, 1] > 100
    assert (found.picture[:30, :, :3] == colors()[0]).all()


def test_the_second_picture_is_resized_to_the_first(picture: NDArray[np.uint8]) -> None:
    found = compare(picture, np.ascontiguousarray(picture[::2, ::4]))
    assert found is not None
    assert found.picture.shape[:2] == picture.shape[:2]


def test_a_crop_laid_over_its_origin_is_dark_where_it_lies(picture: NDArray[np.uint8]) -> None:
    crop = np.ascontiguousarray(picture[30:90, 40:120])  # the middle half of both sides but a quarter
    matrix = np.array([[2.0, 0, -0.5], [0, 2.0, -0.5], [0, 0, 1]])
    found, plain = compare(picture, crop, matrix), compare(picture, crop)
    assert found is not None
    assert plain is not None
    assert found.mean == pytest.approx(1, abs=1e-6)
    assert plain.mean < 0.8
    assert found.overlap == pytest.approx(0.25)
    assert (found.picture[0, 0] == 0).all()
    assert found.picture[60, 80].tolist() == [*colors()[0].tolist(), 255]


def test_pictures_that_hardly_overlap_have_no_map(picture: NDArray[np.uint8]) -> None:
    aside = np.array([[1.0, 0, 0.99], [0, 1.0, 0], [0, 0, 1]])
    assert compare(picture, picture, aside) is None


def test_tiny_pictures_are_enlarged_to_the_window() -> None:
    found = compare(np.full((1, 3, 3), 10, np.uint8), np.full((2, 2, 3), 10, np.uint8))
    assert found is not None
    assert found.mean == pytest.approx(1)
    assert found.picture.shape[:2] == (7, 7)


def test_a_picture_of_another_kind_is_refused(picture: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="image 1: expected"):
        compare(picture, picture[..., 0])


def test_a_large_picture_is_shrunk_before_it_is_laid_over(rng: np.random.Generator) -> None:
    """Single bright pixels of a fine grid must not be hit or missed by chance."""
    plane = np.zeros((400, 400), np.uint8)
    plane[::2, ::2] = 255
    moved, covered = lay_over(plane, 40, 40, IDENTITY)
    assert covered.all()
    assert moved.std() < 5
    assert moved.mean() == pytest.approx(64, abs=3)


def test_what_lies_behind_the_horizon_is_not_covered() -> None:
    plane = np.full((50, 50), 200, np.uint8)
    slanting = np.array([[1.0, 0, 0], [0, 1.0, 0], [-1.6, 0, 1]])  # the depth falls to 0 at x = 0.625
    _moved, covered = lay_over(plane, 50, 50, slanting)
    assert covered[10, 0]
    assert not covered[:, 40:].any()
