"""Cells of descriptors: near ones share a cell and most of their signature."""

from __future__ import annotations

import numpy as np
import pytest

from search.methods.keypoints.cells import HALF, SIDES, SIGNATURE_BITS, Cells, shipped, spots_of
from search.methods.keypoints.fit_cells import fit_cells
from search.methods.keypoints.rows import LENGTH, find_row, unpack
from search.types import RGBImage


@pytest.fixture
def cells() -> Cells:
    """Two centroids each: halves of zeros, and halves whose first number is 1."""
    centroids = np.zeros((2, 2, HALF), np.float32)
    centroids[:, 1, 0] = 1
    return Cells(centroids, np.eye(LENGTH, SIGNATURE_BITS, dtype=np.float32))


def test_it_works(cells: Cells) -> None:
    descriptors = np.zeros((4, LENGTH), np.float32)
    descriptors[1, HALF], descriptors[2, 0], descriptors[3, [0, HALF]] = 0.9, 0.9, (0.9, 0.8)
    assert cells.nearest(descriptors, 1)[:, 0].tolist() == [0, 1, 2, 3]
    assert cells.nearest(descriptors, 4).tolist() == [[0, 1, 2, 3], [1, 0, 3, 2], [2, 0, 3, 1], [3, 2, 1, 0]]


def test_signatures_are_the_signs_of_what_is_left(cells: Cells) -> None:
    descriptors = np.zeros((1, LENGTH), np.float32)
    descriptors[0, [0, 2]] = 0.5, 0.1
    found = cells.signatures(descriptors, np.array([[0, 2]]))
    assert found.tolist() == [[0b101, 0b100]]  # of the second cell's centroid the first number is 1


@pytest.mark.parametrize("side", SIDES)
def test_what_ships_is_whole(side: int) -> None:
    cells = shipped(side)
    assert cells.side == side
    assert cells.centroids.shape == (2, side, HALF)
    np.testing.assert_allclose(cells.turn.T @ cells.turn, np.eye(SIGNATURE_BITS), atol=2e-3)
    lengths = np.linalg.norm(cells.centroids, axis=2)
    assert 0.2 < lengths.min() < lengths.max() < 1.1


def test_noise_leaves_most_spots_where_they_are(scene: RGBImage, rng: np.random.Generator) -> None:
    keypoints = unpack(find_row(scene)[None])
    shaken = keypoints.descriptors + np.round(rng.normal(0, 3, keypoints.descriptors.shape))
    noisy = type(keypoints)(*keypoints.columns[:-1], np.clip(shaken, 0, 255).astype(np.uint8))
    one, other = spots_of(keypoints, 64), spots_of(noisy, 64, 4)
    same = one.cells == other.cells
    assert same[:, 0].mean() > 0.5
    assert same.any(axis=1).mean() > 0.9
    bits = np.bitwise_count(one.signatures ^ other.signatures)[same]
    assert np.median(bits) < 12


def test_poses_are_turns_and_octaves(scene: RGBImage) -> None:
    keypoints = unpack(find_row(scene)[None])
    turned = type(keypoints)(
        *keypoints.columns[:3], keypoints.sizes * 2, keypoints.angles + np.float32(np.pi / 2), keypoints.descriptors
    )
    moved = spots_of(turned, 64).poses.astype(int) - spots_of(keypoints, 64).poses
    assert set((moved[:, 0] % 256).tolist()) <= {63, 64, 65}
    assert set(moved[:, 1].tolist()) <= {15, 16, 17}


def test_images_without_keypoints_have_no_spots() -> None:
    flat = unpack(find_row(np.full((50, 50, 3), 90, np.uint8))[None])
    for num_cells in (1, 4):
        assert spots_of(flat, 64, num_cells).cells.shape == (0, num_cells)


def test_centroids_are_made_again_alike(rng: np.random.Generator) -> None:
    middles = rng.uniform(0, 0.3, (8, LENGTH))
    descriptors = (middles[rng.integers(0, 8, 600)] + rng.normal(0, 0.001, (600, LENGTH))).astype(np.float32)
    found = fit_cells(descriptors)
    assert set(found) == {"turn", *(f"centroids_{side}" for side in SIDES)}
    for name, array in fit_cells(descriptors).items():
        np.testing.assert_array_equal(array, found[name])
    nearest = np.abs(found["centroids_64"][0].astype(float)[None] - middles[:, None, :HALF]).max(axis=2).min(axis=1)
    assert nearest.max() < 0.01
