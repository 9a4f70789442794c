from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from search.exceptions import DimensionMismatchError
from search.methods.ssim import CELLS, SIDE, Ssim, textbook_similarity
from search.types import RGBImage
from tests.codes import refused


def by_skimage(query: NDArray[np.uint8], vectors: NDArray[np.uint8]) -> list[float]:
    shape = (SIDE, SIDE)
    return [
        structural_similarity(query.reshape(shape), row.reshape(shape), win_size=7, data_range=255) for row in vectors
    ]


@pytest.fixture
def vectors(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Rows at both ends and between: noise, gradients, checkers, flat and nearly flat, black, white, inverted."""
    rows, cols = np.mgrid[0:SIDE, 0:SIDE]
    noise = rng.integers(0, 256, (6, SIDE, SIDE))
    pictures = [
        *noise,
        255 - noise[0],
        noise[0] // 2 + 60,
        rows * 4,
        cols * 4,
        (rows + cols) % 2 * 255,
        np.zeros((SIDE, SIDE)),
        np.full((SIDE, SIDE), 255),
        np.full((SIDE, SIDE), 128),
        128 + rng.integers(0, 2, (SIDE, SIDE)),
        np.where(cols < 32, 0, 255),
    ]
    return np.stack(pictures).reshape(len(pictures), -1).astype(np.uint8)


def test_it_works(vectors: NDArray[np.uint8]) -> None:
    for query in vectors:
        np.testing.assert_allclose(Ssim().scores(query, vectors), by_skimage(query, vectors), rtol=0, atol=1e-6)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 40])
def test_batches_of_any_size_agree(count: int, rng: np.random.Generator) -> None:
    many = rng.integers(0, 256, (count, SIDE * SIDE), np.uint8)
    np.testing.assert_allclose(Ssim().scores(many[0], many), by_skimage(many[0], many), rtol=0, atol=1e-6)


def test_scores_read_any_layout_in_memory(vectors: NDArray[np.uint8]) -> None:
    expected = Ssim().scores(vectors[2], vectors)
    every_second = np.repeat(vectors, 2, axis=0)[::2]
    np.testing.assert_array_equal(Ssim().scores(vectors[2], every_second), expected)
    vectors.flags.writeable = False
    np.testing.assert_array_equal(Ssim().scores(vectors[2], vectors), expected)


def test_rows_are_the_gray_picture() -> None:
    image = np.zeros((SIDE * 2, SIDE * 2, 3), np.uint8)
    image[:, SIDE:] = (255, 0, 0)
    row = Ssim().describe([image])[0].reshape(SIDE, SIDE)
    np.testing.assert_array_equal(row, np.tile(np.repeat([0, 76], SIDE // 2), (SIDE, 1)))


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_other_types_are_refused(vectors: NDArray[np.uint8], dtype: type[np.generic]) -> None:
    with refused(DimensionMismatchError, "bytes_expected", method="ssim", expected=4096):
        Ssim().scores(vectors[0].astype(dtype), vectors)
    with refused(DimensionMismatchError, "bytes_expected", method="ssim", expected=4096):
        Ssim().scores(vectors[0], vectors.astype(dtype))  # type: ignore[arg-type]
    with refused(DimensionMismatchError, "bytes_expected", method="ssim", expected=4096):
        Ssim().proxy(vectors.astype(dtype))  # type: ignore[arg-type]


def test_stand_in_of_flat_pictures_compares_brightness() -> None:
    rows = np.repeat(np.array([[10], [12], [250]], np.uint8), SIDE * SIDE, axis=1)
    dark, dim, light = Ssim().proxy(rows)
    assert dark @ dim > 0.99
    assert dark @ light < 0.15
    assert not dark[2 * CELLS**2 :].any()  # a flat picture has no layout


def test_stand_in_knows_where_a_picture_is_flat(rng: np.random.Generator) -> None:
    cols = np.arange(SIDE * SIDE) % SIDE
    noise = rng.integers(64, 192, (3, SIDE * SIDE), np.uint8)
    on_the_left = np.where(cols < SIDE // 2, 128, noise[:2])
    on_the_right = np.where(cols < SIDE // 2, noise[2], 128)
    query, alike, other = Ssim().proxy(np.stack([*on_the_left, on_the_right]).astype(np.uint8))
    assert query @ alike > 0.7
    assert query @ other < 0.1


def test_stand_in_knows_the_layout(vectors: NDArray[np.uint8]) -> None:
    left_dark = vectors[-1]
    left_light = 255 - left_dark
    query, same, opposite = Ssim().proxy(np.stack([left_dark, left_dark // 2 + 20, left_light]))
    assert query @ same > 0.8
    assert query @ opposite < 0


def test_stand_in_follows_ssim(rng: np.random.Generator) -> None:
    """Of blurred, shifted and noisy variants of many layouts, those close by SSIM are close by the stand-in."""
    layouts = np.kron(rng.integers(0, 256, (60, 4, 4)), np.ones((16, 16)))
    noise = rng.normal(0, 1, layouts.shape) * rng.uniform(0, 40, (60, 1, 1))
    many = np.clip(layouts + noise, 0, 255).astype(np.uint8).reshape(60, -1)
    proxies = Ssim().proxy(many)
    agreement = [
        np.corrcoef(np.delete(Ssim().scores(many[row], many), row), np.delete(proxies @ proxies[row], row))[0, 1]
        for row in range(10)
    ]
    assert np.mean(agreement) > 0.5


def test_textbook_is_skimage(picture: RGBImage) -> None:
    other = np.clip(picture.astype(int) + 20, 0, 255).astype(np.uint8)
    planes = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (picture, other)]
    expected = structural_similarity(*planes)
    assert textbook_similarity(picture, other) == Ssim.textbook_similarity(picture, other) == expected


def test_textbook_resizes_to_the_smaller_sides(picture: RGBImage) -> None:
    half = picture[:60]
    assert textbook_similarity(picture, half) == textbook_similarity(half, picture)
    assert textbook_similarity(picture, np.repeat(np.repeat(picture, 2, axis=0), 2, axis=1)) == pytest.approx(1)


def test_textbook_takes_pictures_smaller_than_its_window() -> None:
    dot = np.full((1, 3, 3), 200, np.uint8)
    assert textbook_similarity(dot, dot) == pytest.approx(1)


def test_textbook_refuses_what_is_no_picture(picture: RGBImage) -> None:
    with pytest.raises(ValueError, match="image 1: expected"):
        textbook_similarity(picture, picture[:, :0])
