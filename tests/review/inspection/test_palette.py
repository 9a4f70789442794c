"""Colors for numbers of 0..1."""

from __future__ import annotations

import numpy as np

from review.inspection.palette import colors, paint


def luminances() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    encoded = colors() / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ [0.2126, 0.7152, 0.0722])


def test_it_works() -> None:
    picture = paint(np.array([[0.0, 0.5, 1.0]]), np.array([[True, True, False]]))
    assert picture.shape == (1, 3, 4)
    assert picture.dtype == np.uint8
    assert picture[0, 0].tolist() == [*colors()[0].tolist(), 255]
    assert picture[0, 1].tolist() == [*colors()[128].tolist(), 255]
    assert picture[0, 2].tolist() == [0, 0, 0, 0]


def test_it_brightens_from_each_color_to_the_next() -> None:
    assert colors().shape == (256, 3)
    assert (np.diff(luminances()) > 0).all()
    assert luminances()[0] < 0.02
    assert luminances()[-1] > 0.7


def test_it_goes_from_violet_through_green_to_yellow() -> None:
    dark, middle, bright = (colors()[place].astype(int) for place in (0, 128, 255))
    assert dark[2] > dark[0] > dark[1]
    assert middle[1] > middle[0]
    assert min(bright[0], bright[1]) > bright[2] + 100


def test_numbers_beyond_the_ends_are_clipped() -> None:
    picture = paint(np.array([[-0.2, 1.7]]), np.ones((1, 2), bool))
    assert picture[0, :, :3].tolist() == colors()[[0, 255]].tolist()
