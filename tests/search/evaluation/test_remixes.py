"""Remixes: each does what its name says, the same way each time, to images of any shape."""

from __future__ import annotations

import numpy as np
import pytest

from search.evaluation.remixes import AMONG_OTHERS, OTHERS, REMIXES, remix
from search.types import RGBImage

GRAY_LEVELS = (200, 40, 120)


def plain(height: int, width: int, level: int) -> RGBImage:
    return np.full((height, width, 3), level, np.uint8)


@pytest.fixture
def others() -> list[RGBImage]:
    return [plain(90, 120, level) for level in GRAY_LEVELS]


@pytest.mark.parametrize("name", REMIXES)
def test_it_works(name: str, picture: RGBImage, others: list[RGBImage]) -> None:
    before = picture.copy()
    copy = remix(name, picture, 3, others)
    assert (copy.dtype, copy.ndim, copy.flags.c_contiguous) == (np.uint8, 3, True)
    assert copy.shape != picture.shape or (copy != picture).any()
    assert (remix(name, picture, 3, others) == copy).all()
    assert (picture == before).all()
    assert all((other == level).all() for other, level in zip(others, GRAY_LEVELS, strict=True))


@pytest.mark.parametrize("name", REMIXES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (300, 2), (5, 5)])
def test_any_shape_can_be_remixed(name: str, shape: tuple[int, int]) -> None:
    shapes = [(1, 1), (2, 70), (70, 2)]
    copy = remix(name, plain(*shape, 200), 0, [plain(*each, 9) for each in shapes])
    assert copy.dtype == np.uint8
    assert 0 not in copy.shape


def test_seeds_decide_what_is_left_to_chance(picture: RGBImage, others: list[RGBImage]) -> None:
    for name in ("inset_10", "crop_20", "perspective", "print_scan"):
        assert len({remix(name, picture, seed, others).tobytes() for seed in range(4)}) == 4


def test_turned_pictures_keep_their_pixels_and_have_white_corners(picture: RGBImage) -> None:
    assert (remix("rotate_180", picture, 0, []) == picture[::-1, ::-1]).all()
    for name in ("rotate_15", "rotate_45"):
        turned = remix(name, picture, 0, [])
        assert (turned[[0, 0, -1, -1], [0, -1, 0, -1]] == 255).all()
        assert turned.shape[0] > picture.shape[0]


@pytest.mark.parametrize(("name", "share"), [("crop_20", 0.2), ("flip_crop_50", 0.5)])
def test_crops_keep_a_share_of_the_surface(picture: RGBImage, name: str, share: float) -> None:
    copy = remix(name, picture, 1, [])
    assert copy.shape[0] * copy.shape[1] == pytest.approx(share * 120 * 160, rel=0.02)


@pytest.mark.parametrize(("name", "share"), [("inset_25", 0.25), ("inset_10", 0.1)])
def test_insets_take_a_share_of_the_host(others: list[RGBImage], name: str, share: float) -> None:
    copy = remix(name, plain(60, 80, 255), 1, others)
    assert copy.shape == (60, 80, 3)
    assert (copy == 255).all(axis=2).mean() == pytest.approx(share, rel=0.1)
    assert set(np.unique(copy)) == {200, 255}


def test_insets_of_another_shape_fit_into_the_host() -> None:
    copy = remix("inset_25", plain(10, 200, 255), 0, [plain(200, 20, 40)] * OTHERS)
    assert copy.shape == (200, 20, 3)
    assert (copy == 255).any()


def test_collages_show_four(others: list[RGBImage]) -> None:
    copy = remix("collage", plain(90, 120, 10), 0, others)
    quarters = {int(copy[row, column, 0]) for row in (5, -5) for column in (5, -5)}
    assert quarters == {10, *GRAY_LEVELS}
    collages = [remix("collage", plain(90, 120, 10), seed, others) for seed in range(9)]
    places = {bool((found[5] == 10).any()) for found in collages}
    assert places == {False, True}


def test_screenshots_hold_the_whole_picture_on_a_tall_screen() -> None:
    screen = remix("screenshot", plain(90, 120, 77), 0, [])
    assert screen.shape == (260, 120, 3)
    assert (screen == 77).all(axis=2).sum() >= 90 * 120


def test_captions_are_three_lines_and_negatives_are_inverted() -> None:
    written = remix("captions", plain(120, 300, 128), 0, [])
    touched = (written != 128).any(axis=(1, 2))
    assert touched[:30].any()
    assert touched[50:80].any()
    assert touched[100:].any()
    assert (remix("negative", plain(3, 3, 10), 0, []) == 245).all()


def test_perspective_leaves_gray_around(picture: RGBImage) -> None:
    seen = remix("perspective", picture, 2, [])
    assert seen.shape == picture.shape
    assert (seen[[0, 0, -1, -1], [0, -1, 0, -1]] == 128).all()


def test_what_cannot_be_made_is_refused(picture: RGBImage) -> None:
    with pytest.raises(ValueError, match="swirl"):
        remix("swirl", picture, 0, [])
    for name in AMONG_OTHERS:
        with pytest.raises(ValueError, match="got 1"):
            remix(name, picture, 0, [picture])
    with pytest.raises(ValueError, match="expected a non-empty"):
        remix("collage", picture, 0, [picture, picture, np.zeros((0, 4, 3), np.uint8)])
