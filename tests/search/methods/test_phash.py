from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.fft import dctn

from search.exceptions import DimensionMismatchError
from search.methods.base import gray, resize
from search.methods.phash import PHash, orientations, textbook_similarity
from search.types import RGBImage
from tests.codes import refused


def bits(code: np.ndarray) -> np.ndarray:
    return np.unpackbits(code, axis=-1)


def test_it_is_the_cosine_transform_against_its_median(picture: RGBImage) -> None:
    waves = dctn(resize(gray(picture), 32, 32).astype(float), norm="ortho")[:8, :8]
    expected = (waves > np.median(waves)).ravel()
    np.testing.assert_array_equal(bits(PHash().describe([picture])[0]), expected)


def test_half_of_the_waves_are_above_the_median(rng: np.random.Generator) -> None:
    noise = list(rng.integers(0, 256, (5, 90, 120, 3), np.uint8))
    assert bits(PHash().describe(noise)).sum(axis=1).tolist() == [32] * 5


@pytest.mark.parametrize("level", [1, 90, 254, 255])
def test_flat_pictures_have_one_fingerprint(level: int) -> None:
    """Only the mean stands out; what arithmetic leaves in the other waves makes no bits."""
    flat = [np.full(shape, level, np.uint8) for shape in ((50, 50, 3), (1, 300, 3), (7, 9, 3))]
    assert PHash().describe(flat).tolist() == [[128, 0, 0, 0, 0, 0, 0, 0]] * 3


def test_scores_count_bits() -> None:
    query = np.array([0b10110000, 1, 2, 3, 4, 5, 6, 7], np.uint8)
    rows = np.tile(query, (3, 1))
    rows[1, 0] ^= 0b01000000
    rows[2, 7] ^= 0b111
    np.testing.assert_allclose(PHash().scores(query, rows), [1, 63 / 64, 61 / 64])


def test_scores_are_the_nearest_orientation_of_a_plain_count(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 256, (50, 8), np.uint8)
    expected = np.array(
        [min((bits(code) != bits(turned)).sum() for turned in orientations(codes[0])) for code in codes]
    )
    np.testing.assert_allclose(PHash().scores(codes[0], codes), 1 - expected / 64)


def test_orientations_of_a_single_wave() -> None:
    """The wave in row 1, column 2: turned over the other diagonal it is the one in row 2, column 1."""
    one = np.zeros((8, 8), np.uint8)
    one[1, 2] = 1
    odd_rows, odd_columns = np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8)
    odd_rows[1::2], odd_columns[:, 1::2] = 1, 1
    found = bits(orientations(np.packbits(one))).reshape(8, 8, 8)
    expected = [one, one ^ odd_columns, one ^ odd_rows, one ^ odd_rows ^ odd_columns]
    np.testing.assert_array_equal(found[:4], expected)
    np.testing.assert_array_equal(found[4], one.T)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_turned_and_mirrored_pictures_are_the_same(picture: RGBImage, turns: int, mirrored: bool) -> None:
    turned = np.rot90(picture[:, ::-1] if mirrored else picture, turns)
    one, other = PHash().describe([picture, turned])
    assert PHash().scores(one, other[None])[0] >= 1 - 4 / 64


def test_copies_stay_close(picture: RGBImage) -> None:
    small = cv2.resize(picture, (picture.shape[1] // 3, picture.shape[0] // 3), interpolation=cv2.INTER_AREA)
    blurred, dark = cv2.GaussianBlur(picture, (0, 0), 2), (picture * 0.6).astype(np.uint8)
    query, *rows = PHash().describe([picture, small, blurred, dark])
    assert (PHash().scores(query, np.stack(rows)) >= 1 - 7 / 64).all()


def test_dot_products_of_stand_ins_follow_the_distance(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 256, (20, 8), np.uint8)
    proxies = PHash().proxy(codes)
    distances = (bits(codes)[:, None] != bits(codes)[None]).sum(axis=2)
    np.testing.assert_allclose(proxies @ proxies.T, 1 - distances / 32, atol=1e-6)


def test_codes_are_the_rows(picture: RGBImage) -> None:
    rows = PHash().describe([picture])
    np.testing.assert_array_equal(PHash().codes(rows), rows)


def test_refuses_rows_of_another_type_or_length() -> None:
    code = np.zeros(8, np.uint8)
    for query, rows in (
        (code, np.zeros((3, 8), np.float32)),
        (code, np.zeros((3, 16), np.uint8)),
        (np.zeros(16, np.uint8), np.zeros((3, 8), np.uint8)),
    ):
        with refused(DimensionMismatchError, "bytes_expected", method="phash", expected=8):
            PHash().scores(query, rows)


# The textbook's definition


def test_textbook_similarity(picture: RGBImage, rng: np.random.Generator) -> None:
    assert textbook_similarity(picture, picture) == 1
    noise = rng.integers(0, 256, picture.shape, np.uint8)
    assert 0.2 < textbook_similarity(picture, noise) < 0.8
    assert PHash.textbook_similarity(picture, noise) == textbook_similarity(noise, picture)
    assert textbook_similarity(picture, np.ascontiguousarray(picture[:, ::-1])) < 0.8  # it knows no orientations


def test_textbook_similarity_refuses_what_is_no_picture(picture: RGBImage) -> None:
    with pytest.raises(ValueError, match="image 1"):
        textbook_similarity(picture, np.zeros((4, 4), np.uint8))
