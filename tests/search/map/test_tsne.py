"""Layouts that keep neighborhoods, and places for rows that come later."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from search.map.tsne import fit_tsne, nearest, place_tsne

NUM_GROUPS, PER_GROUP = 4, 25


@pytest.fixture(scope="module")
def groups() -> NDArray[np.float32]:
    """Four clusters of 25 rows each, far apart, one after the other."""
    rng = np.random.default_rng(20)
    middles = 20 * np.eye(NUM_GROUPS, 6)
    return (np.repeat(middles, PER_GROUP, axis=0) + rng.normal(size=(NUM_GROUPS * PER_GROUP, 6))).astype(np.float32)


@pytest.fixture(scope="module")
def layout(groups: NDArray[np.float32]) -> NDArray[np.float32]:
    return fit_tsne(groups, seed=1)


def middles_of(points: NDArray[np.float32]) -> NDArray[np.float32]:
    return points.reshape(NUM_GROUPS, PER_GROUP, 2).mean(axis=1)


def group_of(points: NDArray[np.float32], layout: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the group whose middle is nearest to each point."""
    return np.linalg.norm(points[:, None] - middles_of(layout), axis=2).argmin(axis=1)


def test_it_works(groups: NDArray[np.float32], layout: NDArray[np.float32]) -> None:
    assert layout.shape == (len(groups), 2)
    assert layout.dtype == np.float32
    np.testing.assert_array_equal(group_of(layout, layout), np.repeat(np.arange(NUM_GROUPS), PER_GROUP))


def test_the_same_seed_gives_the_same_layout(groups: NDArray[np.float32], layout: NDArray[np.float32]) -> None:
    np.testing.assert_array_equal(fit_tsne(groups, seed=1), layout)


def test_new_rows_are_placed_with_their_like(groups: NDArray[np.float32], layout: NDArray[np.float32]) -> None:
    kept = layout.copy()
    places = place_tsne(groups[::5] + np.float32(0.1), groups, layout)
    np.testing.assert_array_equal(group_of(places, layout), np.repeat(np.arange(NUM_GROUPS), PER_GROUP // 5))
    np.testing.assert_array_equal(layout, kept)


def test_a_place_does_not_depend_on_what_came_with_it(groups: NDArray[np.float32], layout: NDArray[np.float32]) -> None:
    together = place_tsne(groups[:10] + np.float32(0.1), groups, layout)
    alone = place_tsne(groups[3:4] + np.float32(0.1), groups, layout)
    np.testing.assert_allclose(alone[0], together[3], atol=1e-4)


def test_progress_is_told_to_the_end(groups: NDArray[np.float32]) -> None:
    told: list[float] = []
    fit_tsne(groups[:12], 1, told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


@pytest.mark.parametrize("num", [1, 2, 3])
def test_too_few_rows_lie_in_the_plane_of_most_variance(groups: NDArray[np.float32], num: int) -> None:
    np.testing.assert_array_equal(fit_tsne(groups[:num], 1), groups[:num, :2])
    np.testing.assert_array_equal(place_tsne(groups[:2], groups[:num], groups[:num, :2]), groups[:2, :2])


@pytest.mark.parametrize("num", [4, 5, 9])
def test_few_rows_are_laid_out(groups: NDArray[np.float32], num: int) -> None:
    points = fit_tsne(groups[:num], 1)
    assert np.isfinite(points).all()
    assert len(np.unique(points, axis=0)) == num
    assert np.isfinite(place_tsne(groups[:2], groups[:num], points)).all()


def test_equal_rows_are_no_trouble() -> None:
    rows = np.ones((40, 3), np.float32)
    points = fit_tsne(rows, 1)
    assert np.isfinite(points).all()
    assert np.isfinite(place_tsne(rows[:2], rows, points)).all()


def test_nothing_to_place(groups: NDArray[np.float32], layout: NDArray[np.float32]) -> None:
    assert place_tsne(groups[:0], groups, layout).shape == (0, 2)


def test_nearest_agrees_with_all_distances(rng: np.random.Generator) -> None:
    rows = rng.normal(size=(700, 5)).astype(np.float32)
    found, distances = nearest(rows[:600], rows, 4)
    apart = np.linalg.norm(rows[:600, None].astype(float) - rows[None], axis=2)
    np.testing.assert_array_equal(found, np.argsort(apart, axis=1)[:, :4])
    np.testing.assert_allclose(distances, np.sort(apart, axis=1)[:, :4], atol=2e-3)


def test_a_row_is_not_its_own_neighbor(rng: np.random.Generator) -> None:
    rows = rng.normal(size=(30, 5)).astype(np.float32)
    found, distances = nearest(rows, rows, 29, itself=False)
    assert not (found == np.arange(30)[:, None]).any()
    assert (distances > 0).all()
