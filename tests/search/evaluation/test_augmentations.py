"""Edited copies: each does what its name says, the same way each time, to images of any shape."""

from __future__ import annotations

import numpy as np
import pytest

from search.evaluation.augmentations import EDITS, edit
from search.types import RGBImage

NAMES = [
    "crop_90",
    "crop_70",
    "crop_50",
    "shrink",
    "jpeg_30",
    "jpeg_10",
    "blur",
    "brightness",
    "color_cast",
    "gray",
    "rotate_10",
    "rotate_90",
    "flip",
    "text",
    "frame",
]


def test_it_works(picture: RGBImage) -> None:
    assert list(EDITS) == NAMES
    before = picture.copy()
    for name in EDITS:
        copy = edit(name, picture, 3)
        assert copy.dtype == np.uint8
        assert copy.ndim == 3
        assert copy.flags.c_contiguous
        assert copy.shape != picture.shape or (copy != picture).any(), name
        assert (edit(name, picture, 3) == copy).all(), name
    assert (picture == before).all()


def test_seeds_decide_what_is_left_to_chance(picture: RGBImage) -> None:
    copies = [edit("crop_50", picture, seed).tobytes() for seed in range(6)]
    assert len(set(copies)) > 4


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (300, 2), (5, 5)])
def test_any_shape_can_be_edited(name: str, shape: tuple[int, int]) -> None:
    copy = edit(name, np.full((*shape, 3), 200, np.uint8), 0)
    assert copy.dtype == np.uint8
    assert 0 not in copy.shape


@pytest.mark.parametrize(("name", "share"), [("crop_90", 0.9), ("crop_70", 0.7), ("crop_50", 0.5)])
def test_crops_keep_a_share_of_the_surface(picture: RGBImage, name: str, share: float) -> None:
    copy = edit(name, picture, 1)
    assert copy.shape[0] * copy.shape[1] == pytest.approx(share * 120 * 160, rel=0.02)
    assert copy.shape[1] / copy.shape[0] == pytest.approx(160 / 120, rel=0.02)
    assert copy.tobytes() in {
        np.ascontiguousarray(picture[top : top + copy.shape[0], left : left + copy.shape[1]]).tobytes()
        for top in range(120 - copy.shape[0] + 1)
        for left in range(160 - copy.shape[1] + 1)
    }


def test_shapes_of_the_others(picture: RGBImage) -> None:
    assert edit("shrink", picture, 0).shape == (30, 40, 3)
    assert edit("rotate_90", picture, 0).shape == (160, 120, 3)
    assert edit("frame", picture, 0).shape == (120 + 26, 160 + 26, 3)
    assert edit("rotate_10", picture, 0).shape[0] > 120


def test_turning_and_flipping_move_pixels_only(picture: RGBImage) -> None:
    assert (edit("flip", picture, 0) == picture[:, ::-1]).all()
    turned = edit("rotate_90", picture, 0)
    assert any((np.rot90(picture, turns) == turned).all() for turns in (1, 3))
    assert (edit("frame", picture, 0)[13:-13, 13:-13] == picture).all()


def test_worse_jpeg_is_further_away(picture: RGBImage) -> None:
    def away(name: str) -> float:
        return float(np.abs(edit(name, picture, 0).astype(int) - picture).mean())

    assert 0 < away("jpeg_30") < away("jpeg_10")


def test_brightness_and_cast_scale_the_channels() -> None:
    plain = np.full((4, 4, 3), 100, np.uint8)
    assert {int(edit("brightness", plain, seed)[0, 0, 0]) for seed in range(9)} == {60, 140}
    assert sorted(edit("color_cast", plain, 0)[0, 0].tolist()) == [75, 100, 125]
    assert np.ptp(edit("gray", plain * np.array([0, 1, 2], np.uint8), 0)[0, 0]) == 0


def test_text_is_white_with_a_dark_rim() -> None:
    written = edit("text", np.full((100, 300, 3), 128, np.uint8), 0)
    assert written.min() < 40
    assert written.max() > 215
    assert (written == 128).all(axis=2).mean() > 0.5


def test_unknown_edits_are_refused(picture: RGBImage) -> None:
    with pytest.raises(ValueError, match="swirl"):
        edit("swirl", picture, 0)


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_image_is_refused(image: RGBImage) -> None:
    with pytest.raises(ValueError, match="expected a non-empty"):
        edit("flip", image, 0)
