"""Views of things on plain grounds, and the libraries that presets are measured on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Picture

from benchmarks import presets
from benchmarks.product_views import GROUNDS, NUM_VIEWS, SIDE, cut_out, view
from search.types import RGBImage

RED = (200, 30, 30)


def red_disc(ground: tuple[int, int, int] = (250, 250, 250), radius: int = 40) -> RGBImage:
    """A red disc in the middle of a plain picture of 120 x 160 pixels."""
    image = np.full((120, 160, 3), ground, np.uint8)
    return np.asarray(cv2.circle(image, (80, 60), radius, RED, cv2.FILLED), np.uint8)


def test_a_thing_is_cut_out_by_its_outline() -> None:
    found = cut_out(red_disc())
    assert found is not None
    thing, cover = found
    # A disc of radius 40 is 81 pixels wide.
    assert thing.shape == (81, 81, 3)
    assert cover.shape == (81, 81)
    assert tuple(thing[40, 40]) == RED
    assert cover[40, 40] == pytest.approx(1)
    assert cover[0, 0] == pytest.approx(0, abs=1e-3)


def test_what_it_encloses_belongs_to_it() -> None:
    image = red_disc()
    cv2.circle(image, (80, 60), 20, (250, 250, 250), cv2.FILLED)
    found = cut_out(image)
    assert found is not None
    assert found[1][40, 40] == pytest.approx(1)


def test_pictures_of_no_single_thing_are_left_out() -> None:
    noise = np.random.default_rng(20).integers(0, 256, (120, 160, 3), np.uint8)
    assert cut_out(noise) is None
    assert cut_out(np.full((120, 160, 3), 250, np.uint8)) is None
    # 2 % of the picture, and 92 %.
    assert cut_out(red_disc(radius=11)) is None
    whole = np.full((120, 160, 3), 250, np.uint8)
    whole[5:115, 3:157] = RED
    assert cut_out(whole) is None


def test_a_view_shows_the_thing_on_another_plain_ground() -> None:
    found = cut_out(red_disc())
    assert found is not None
    generator = np.random.default_rng(20)
    for _view in range(8):
        shown = view(*found, generator)
        assert (shown.shape, shown.dtype) == ((SIDE, SIDE, 3), np.uint8)
        corners = shown[[0, 0, -1, -1], [0, -1, 0, -1]].astype(int)
        assert min(np.abs(corners - ground).max() for ground in GROUNDS) < 12
        red = (shown[:, :, 0].astype(int) - shown[:, :, 1]) > 60
        wide, high = (np.count_nonzero(red.any(axis=axis)) for axis in (0, 1))
        # A turned disc is narrower than high, and 40 degrees leave it more than half of its width.
        assert 0.5 * high < wide < 1.15 * high
        assert 0.45 * SIDE < high < 0.95 * SIDE


def test_views_differ_and_one_seed_makes_one_view() -> None:
    found = cut_out(red_disc())
    assert found is not None
    first, again, other = (view(*found, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 2


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Three red discs and a noisy picture in two folders."""
    folder = tmp_path / "photographs"
    generator = np.random.default_rng(20)
    noise = generator.integers(0, 256, (120, 160, 3), np.uint8)
    pictures = {"disc/1": red_disc(), "disc/2": red_disc(radius=30), "disc/3": red_disc((20, 20, 20)), "noise/1": noise}
    for name, pixels in pictures.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Picture.fromarray(pixels).save(folder / f"{name}.png")
    return folder


def test_each_thing_is_a_label_of_its_views(photographs: Path, tmp_path: Path) -> None:
    count = presets.write(presets.products(photographs, 0), tmp_path / "made")
    made = sorted(path.relative_to(tmp_path / "made").as_posix() for path in (tmp_path / "made").rglob("*.jpg"))
    assert count == 3 * NUM_VIEWS
    assert made == [f"disc {thing}/{place}.jpg" for thing in (1, 2, 3) for place in range(NUM_VIEWS)]


def test_gray_pictures_have_no_color(photographs: Path) -> None:
    found = list(presets.gray(photographs, 2))
    assert [(label, name) for label, name, _pixels in found] == [("disc", "1"), ("disc", "2"), ("noise", "1")]
    for _label, _name, pixels in found:
        assert pixels.shape == (120, 160, 3)
        np.testing.assert_array_equal(pixels[:, :, 0], pixels[:, :, 2])
    assert [(label, name) for label, name, _pixels in presets.some(photographs, 2)] == [each[:2] for each in found]
