"""Principal directions, turns and the walk over the map, by arrays worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from search.map.projection import along, curve_order, fit_directions, plane_of, turned_like


def test_it_works() -> None:
    """Points on a line along (3, 4), with a little across it."""
    steps = np.array([-2, -1, 0, 1, 2])
    rows = np.outer(steps, [3, 4]) + np.outer([0.1, -0.2, 0.2, -0.2, 0.1], [-4, 3]) + [10, 20]
    directions = fit_directions(rows.astype(np.float32))
    np.testing.assert_allclose(directions.mean, [10, 20], atol=1e-6)
    np.testing.assert_allclose(directions.axes[:, 0], [0.6, 0.8], atol=1e-6)
    found = along(directions, rows.astype(np.float32))
    np.testing.assert_allclose(found[:, 0], 5 * steps, atol=1e-5)
    np.testing.assert_allclose(np.abs(found[:, 1]), [0.5, 1, 1, 1, 0.5], atol=1e-5)
    assert directions.kept == directions.plane == pytest.approx(1)


def test_directions_agree_with_the_singular_value_decomposition(rng: np.random.Generator) -> None:
    rows = (rng.normal(size=(300, 12)) * np.arange(12, 0, -1)).astype(np.float32)
    directions = fit_directions(rows, 5)
    _left, sizes, right = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(np.sum(directions.axes * right[:5].T, axis=0)), 1, atol=1e-4)
    shares = sizes**2 / np.sum(sizes**2)
    assert directions.kept == pytest.approx(shares[:5].sum(), abs=1e-5)
    assert directions.plane == pytest.approx(shares[:2].sum(), abs=1e-5)
    np.testing.assert_allclose(directions.axes.T @ directions.axes, np.eye(5), atol=1e-5)


def test_the_largest_component_of_a_direction_is_positive(rng: np.random.Generator) -> None:
    rows = rng.normal(size=(40, 6)).astype(np.float32)
    for sign in (1, -1):
        axes = fit_directions(sign * rows).axes
        assert (axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] > 0).all()


@pytest.mark.parametrize(("num_rows", "dim", "expected"), [(1, 4, 1), (2, 4, 1), (9, 4, 4), (9, 100, 8), (90, 100, 50)])
def test_no_more_directions_than_there_can_be(num_rows: int, dim: int, expected: int, rng: np.random.Generator) -> None:
    rows = rng.normal(size=(num_rows, dim)).astype(np.float32)
    assert fit_directions(rows).axes.shape == (dim, expected)


def test_equal_rows_lie_in_one_place() -> None:
    directions = fit_directions(np.ones((5, 3), np.float32))
    assert directions.kept == 0
    np.testing.assert_array_equal(along(directions, np.ones((2, 3), np.float32)), np.zeros((2, 3)))


@pytest.mark.parametrize("shape", [(0, 3), (3,)])
def test_rows_that_are_none_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        fit_directions(np.zeros(shape, np.float32))


def test_the_plane_of_one_direction_is_a_line() -> None:
    np.testing.assert_array_equal(plane_of(np.array([[2], [3]], np.float32)), [[2, 0], [3, 0]])


@pytest.mark.parametrize("mirror", [1, -1])
def test_a_turn_is_undone(rng: np.random.Generator, mirror: int) -> None:
    before = rng.normal(size=(20, 2)).astype(np.float32)
    angle = 1.1
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) @ np.diag([1, mirror])
    after = (before @ turn + [5, 7]).astype(np.float32)
    undo = turned_like(after, before)
    np.testing.assert_allclose((after - after.mean(axis=0)) @ undo, before - before.mean(axis=0), atol=1e-5)


def test_two_points_are_left_as_they_are() -> None:
    np.testing.assert_array_equal(turned_like(np.ones((2, 2), np.float32), np.zeros((2, 2), np.float32)), np.eye(2))


def test_the_walk_goes_from_cell_to_neighboring_cell() -> None:
    """On a full grid of 16 x 16 each step of a Hilbert curve has length 1."""
    cols, rows = np.meshgrid(np.arange(16), np.arange(16))
    grid = np.stack([cols.ravel(), rows.ravel()], axis=1).astype(np.float32)
    order = curve_order(grid + 0.5)
    assert sorted(order) == list(range(256))
    np.testing.assert_array_equal(np.abs(np.diff(grid[order], axis=0)).sum(axis=1), 1)


def test_the_walk_over_nothing_and_over_one_place() -> None:
    assert len(curve_order(np.empty((0, 2), np.float32))) == 0
    np.testing.assert_array_equal(curve_order(np.ones((3, 2), np.float32)), [0, 1, 2])
