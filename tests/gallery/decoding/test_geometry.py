"""Upright, smaller and in strips: whatever the strips, the picture is that of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import ExifTags, Image

from gallery.decoding.child import geometry
from gallery.decoding.child.geometry import fit, fitted_size, orientation_of, shrink, upright_size, upright_strips

ORIENTATIONS = st.integers(1, 8)


def numbered(width: int, height: int) -> Image.Image:
    """A gray image in which each pixel tells its number."""
    return Image.fromarray(np.arange(width * height, dtype=np.uint8).reshape(height, width))


def upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Return pixels as people see them, by the words of the EXIF standard: where row 0 and column 0 lie."""
    turned = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.T,
        6: pixels.T[:, ::-1],
        7: pixels.T[::-1, ::-1],
        8: pixels.T[::-1],
    }
    return turned[orientation]


@given(ORIENTATIONS, st.integers(1, 7), st.integers(1, 7), st.integers(1, 9))
def test_strips_put_together_are_the_upright_image(orientation: int, width: int, height: int, rows: int) -> None:
    image = numbered(width, height)
    strips = [np.asarray(strip) for strip in upright_strips(image, orientation, rows)]
    expected = upright(np.asarray(image), orientation)
    np.testing.assert_array_equal(np.concatenate(strips), expected)
    assert [len(strip) for strip in strips[:-1]] == [rows] * (len(strips) - 1)
    assert upright_size(image, orientation) == expected.shape[::-1]


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 600))
def test_a_fitted_size_keeps_within_the_side_and_the_shape(width: int, height: int, side: int) -> None:
    fitted = fitted_size(width, height, side)
    assert all(length >= 1 for length in fitted)
    assert max(fitted) <= max(side, 1)
    if max(width, height) <= side:
        assert fitted == (width, height)
    else:
        assert max(fitted) == side
        scale = side / max(width, height)
        assert all(
            abs(got - max(1, length * scale)) <= 0.5 for got, length in zip(fitted, (width, height), strict=True)
        )


def test_small_images_are_handed_back_as_they_are() -> None:
    image = numbered(5, 3)
    assert fit(image, 5) is image
    assert fit(image, 2).size == (2, 1)


class TestShrink:
    def test_an_image_that_is_small_enough_keeps_its_pixels(self) -> None:
        image = numbered(6, 4)
        np.testing.assert_array_equal(shrink(image, 1, 3, lambda part: part), np.asarray(image))

    def test_blocks_of_pixels_become_their_mean(self) -> None:
        """8 x 4 pixels for a side of 2: a block of 2 x 2 becomes one pixel."""
        pixels = np.array([[0, 4, 8, 8, 100, 104, 0, 0]] * 4, np.uint8)
        small = np.asarray(shrink(Image.fromarray(pixels), 1, 2, lambda part: part))
        assert small.tolist() == [[2, 8, 102, 0]] * 2

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_strips_do_not_show(self, orientation: int, monkeypatch: pytest.MonkeyPatch) -> None:
        image = Image.fromarray(np.random.default_rng(3).integers(0, 256, (67, 50, 3), np.uint8))
        whole = np.asarray(shrink(image, orientation, 8, lambda part: part))
        monkeypatch.setattr(geometry, "STRIP_PIXELS", 500)
        seen: list[int] = []
        parts = np.asarray(shrink(image, orientation, 8, lambda part: part, lambda strip: seen.append(strip.height)))
        np.testing.assert_array_equal(parts, whole)
        assert len(seen) > 3
        assert sum(seen) == upright_size(image, orientation)[1]


@pytest.mark.parametrize(("stored", "orientation"), [(6, 6), (1, 1), (0, 1), (9, 1), (-1, 1), (None, 1)])
def test_orientations_that_there_are(stored: int | None, orientation: int) -> None:
    image = numbered(2, 2)
    if stored is not None:
        image.getexif()[ExifTags.Base.Orientation] = stored
    assert orientation_of(image) == orientation


def test_metadata_that_cannot_be_read_tell_nothing() -> None:
    class Broken(Image.Image):
        def getexif(self) -> Image.Exif:
            raise SyntaxError("not a TIFF file")

    assert orientation_of(Broken()) == 1
