"""Which pairs a siamese network learns from."""

from __future__ import annotations

import numpy as np
import pytest

from search.training.pairs import Pairs, components, draw_judged, draw_views, find_twins, split, views
from search.types import RGBImage


def pairs(*rows: tuple[int, int, bool]) -> Pairs:
    first, second, same = zip(*rows, strict=True)
    return Pairs(np.array(first), np.array(second), np.array(same))


def test_it_works(rng: np.random.Generator) -> None:
    owners = np.repeat(np.arange(10), 4)
    rows = rng.normal(size=(40, 6)).astype(np.float32)
    drawn = draw_views(owners, np.eye(10, dtype=bool))(rows, rng)
    np.testing.assert_array_equal(drawn.same, owners[drawn.first] == owners[drawn.second])
    assert np.count_nonzero(drawn.same) == 80
    assert 100 < np.count_nonzero(~drawn.same) <= 120


def test_strangers_are_mostly_near(rng: np.random.Generator) -> None:
    owners = np.arange(400)
    rows = np.linspace(0, 1, 400, dtype=np.float32)[:, None]
    drawn = draw_views(owners, np.eye(400, dtype=bool))(rows, rng)
    strangers = drawn.take(~drawn.same)
    gaps = np.abs(strangers.first - strangers.second)
    assert np.mean(gaps <= 20) == pytest.approx(0.8, abs=0.08)


def test_twins_are_never_said_to_differ(rng: np.random.Generator) -> None:
    owners = np.repeat(np.arange(6), 3)
    twins = np.eye(6, dtype=bool)
    twins[0, 1] = twins[1, 0] = True
    draw = draw_views(owners, twins)
    for _ in range(5):
        drawn = draw(rng.normal(size=(18, 4)).astype(np.float32), rng)
        apart = drawn.take(~drawn.same)
        assert not (twins[owners[apart.first], owners[apart.second]]).any()


def test_twins_are_as_alike_as_views() -> None:
    rows = np.array([[1, 0], [0.999, 0.0447], [0, 1]])
    edited = np.array([[0.98, 0.199], [0.9, 0.436], [0.95, 0.312], [0.2, 0.98]])
    twins = find_twins(rows, edited, np.array([0, 0, 1, 2]))
    assert twins.tolist() == [[True, True, False], [True, True, False], [False, False, True]]


def test_views_are_edited_copies(picture: RGBImage) -> None:
    made = views(picture, 6, np.random.default_rng(1))
    again = views(picture, 6, np.random.default_rng(1))
    assert len(made) == 6
    for one, other in zip(made, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not any(np.array_equal(view, picture) for view in made)


def test_judged_pairs_are_drawn_with_hard_ones_first(rng: np.random.Generator) -> None:
    rows = np.arange(60, dtype=np.float32)[:, None]
    judged = pairs(*((n, n + 1, True) for n in range(4)), *((0, n, False) for n in range(10, 60)))
    drawn = draw_judged(judged)(rows, rng)
    assert np.count_nonzero(drawn.same) == 4
    apart = drawn.take(~drawn.same)
    assert len(apart) == 6
    assert np.count_nonzero(apart.second < 30) >= 5  # five of six from the twenty nearest


def test_fewer_strangers_than_wanted_are_all_drawn(rng: np.random.Generator) -> None:
    judged = pairs(*((n, n + 1, True) for n in range(9)), (0, 20, False), (1, 20, False))
    drawn = draw_judged(judged)(np.zeros((21, 2), np.float32), rng)
    assert np.count_nonzero(~drawn.same) == 2


def test_what_hangs_together_is_one_group() -> None:
    judged = pairs((5, 4, True), (4, 3, True), (0, 1, True), (1, 5, False), (2, 6, True), (6, 0, True))
    assert components(8, judged).tolist() == [0, 0, 0, 3, 3, 3, 0, 7]


def test_groups_are_held_out_whole(rng: np.random.Generator) -> None:
    groups = np.repeat(np.arange(20), 5)
    held = split(groups, 0.25, rng)
    assert np.count_nonzero(held) == 25
    assert all(len(set(held[groups == group])) == 1 for group in range(20))
    assert split(np.zeros(8, int), 0.25, rng).all()  # one group: nothing is left to learn from
