from __future__ import annotations

import numpy as np
import pytest

from search.training.augmentation import crop, edit
from search.types import RGBImage


def test_it_works(picture: RGBImage) -> None:
    places = np.arange(4 * 4 * 2, dtype=np.float32).reshape(4, 4, 2)
    for seed in range(60):
        image, parts = edit(picture[:96, :96], places, 64, np.random.default_rng(seed))
        assert image.shape == (64, 64, 3)
        assert image.dtype == np.float32
        assert image.min() >= 0
        assert image.max() <= 255
        assert parts.tolist() in (places.tolist(), places[:, ::-1].tolist())


def test_places_are_mirrored_with_the_picture() -> None:
    image = np.zeros((96, 96, 3), np.uint8)
    image[:, :48] = 200
    places = np.zeros((4, 4, 1), np.float32)
    places[:, :2] = 1
    for seed in range(40):
        found, parts = edit(image, places, 64, np.random.default_rng(seed))
        bright_left = found[:, :20].mean() > found[:, -20:].mean()
        assert bright_left == (parts[0, 0, 0] == 1)


def test_the_same_seed_edits_alike(picture: RGBImage) -> None:
    places = np.zeros((4, 4, 1), np.float32)
    one, other = (edit(picture[:96, :96], places, 64, np.random.default_rng(7))[0] for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("side", [32, 96])
def test_other_sizes(picture: RGBImage, side: int) -> None:
    for seed in range(20):
        image, _ = edit(picture[:96, :96], np.zeros((4, 4, 1), np.float32), side, np.random.default_rng(seed))
        assert image.shape == (side, side, 3)


def test_the_picture_itself_stays(picture: RGBImage) -> None:
    before = picture.copy()
    for seed in range(20):
        edit(picture[:96, :96], np.zeros((4, 4, 1), np.float32), 64, np.random.default_rng(seed))
        crop(picture, np.random.default_rng(seed))
    np.testing.assert_array_equal(picture, before)


class TestCrop:
    def test_it_is_a_part_of_the_picture(self, picture: RGBImage) -> None:
        areas = []
        for seed in range(200):
            part = crop(picture, np.random.default_rng(seed))
            areas.append(part.shape[0] * part.shape[1] / (120 * 160))
        assert 0.3 < min(areas) < 0.45
        assert max(areas) > 0.9

    @pytest.mark.parametrize("shape", [(1, 1), (1, 300), (5, 9)])
    def test_small_pictures_are_not_cut_to_nothing(self, shape: tuple[int, int]) -> None:
        image = np.zeros((*shape, 3), np.uint8)
        for seed in range(20):
            assert min(crop(image, np.random.default_rng(seed)).shape) >= 1
