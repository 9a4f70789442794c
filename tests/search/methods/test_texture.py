from __future__ import annotations

import numpy as np
import pytest
from skimage.feature import local_binary_pattern

from search.methods.base import gray, resize_longest
from search.methods.texture import Texture
from search.types import RGBImage


def test_it_is_skimage_at_three_scales(picture: RGBImage) -> None:
    plane, histograms = gray(picture), []
    for side in (128, 64, 32):
        plane = resize_longest(plane, side)
        patterns = local_binary_pattern(plane, P=16, R=2, method="uniform")[2:-2, 2:-2]
        histograms.append(np.histogram(patterns, bins=np.arange(19))[0] / patterns.size)
    expected = np.sqrt(np.concatenate(histograms) / 3)  # three histograms share the length
    np.testing.assert_allclose(Texture().describe([picture])[0], expected, atol=1e-6)


def test_flat_pictures_have_one_pattern() -> None:
    row = Texture().describe([np.full((100, 100, 3), 77, np.uint8)])[0].reshape(3, 18)
    np.testing.assert_allclose(row[:, 16], 1 / np.sqrt(3), rtol=1e-6)  # all 16 neighbors at least as light
    assert np.count_nonzero(row) == 3


def test_a_picture_smaller_than_the_circle_is_all_edge() -> None:
    row = Texture().describe([np.full((4, 4, 3), 77, np.uint8)])[0].reshape(3, 18)
    np.testing.assert_allclose((row**2).sum(axis=1), 1 / 3, rtol=1e-5)
    np.testing.assert_array_equal(row[0], row[2])  # nothing to shrink: three times the same


def test_more_light_changes_nothing(rng: np.random.Generator) -> None:
    plane = rng.integers(0, 200, (128, 96, 1), np.uint8)
    dark, light = (np.repeat(plane + added, 3, axis=2).astype(np.uint8) for added in (0, 50))
    one, other = Texture().describe([dark, light])
    assert one @ other == pytest.approx(1, abs=1e-3)


def test_a_quarter_turn_changes_next_to_nothing(picture: RGBImage) -> None:
    one, other = Texture().describe([picture, np.rot90(picture)])
    assert one @ other > 0.995


def test_patterns_tell_stripes_from_noise(rng: np.random.Generator) -> None:
    stripes = np.repeat(np.tile((np.arange(128) // 4 % 2 * 255).astype(np.uint8), (128, 1))[..., None], 3, axis=2)
    finer = np.repeat(np.tile((np.arange(128) // 3 % 2 * 255).astype(np.uint8), (128, 1))[..., None], 3, axis=2)
    noise = np.repeat(rng.integers(0, 256, (128, 128, 1), np.uint8), 3, axis=2)
    query, alike, other = Texture().describe([stripes, finer, noise])
    assert query @ alike > query @ other + 0.1
