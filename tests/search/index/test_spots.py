"""The index of spots: who shares spots with a query, in memory and in files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError
from search.index import spot_building
from search.index import spots as spots_module
from search.index.spot_building import write_spots
from search.index.spots import SUFFIXES, SpotIndex, side_for
from search.types import Spots

SIDE = 8
NUM_ROWS = 40


def random_spots(rng: np.random.Generator, num_rows: int = NUM_ROWS, each: int = 12) -> Spots:
    num = num_rows * each
    return Spots(
        np.repeat(np.arange(num_rows), each),
        rng.integers(0, SIDE**2, (num, 1)),
        rng.integers(0, 2**64, (num, 1), np.uint64),
        rng.integers(0, 256, (num, 2), np.uint8),
    )


def columns(spots: Spots) -> tuple[NDArray[Any], ...]:
    return spots.owners, spots.cells, spots.signatures, spots.poses


def asked_for(spots: Spots, row: int, way: int = 0, turn: int = 0, growth: int = 0, flipped: int = 0) -> Spots:
    """Return a query of one row's spots, turned and grown, with some bits of the signatures flipped."""
    own = spots.owners == row
    poses = spots.poses[own].astype(np.int64) - [turn, growth]
    poses = np.stack([poses[:, 0] & 255, np.clip(poses[:, 1], 0, 255)], axis=1).astype(np.uint8)
    flips = np.uint64((1 << flipped) - 1)
    return Spots(np.full(own.sum(), way), spots.cells[own], spots.signatures[own] ^ flips, poses)


@pytest.fixture
def spots(rng: np.random.Generator) -> Spots:
    return random_spots(rng)


def test_it_works(spots: Spots) -> None:
    index = SpotIndex.of(spots, SIDE, NUM_ROWS)
    for row in (0, 17, NUM_ROWS - 1):
        rows, ways = index.query(asked_for(spots, row, way=2), 5)
        assert (rows[0], ways[0]) == (row, 2)


def test_turned_grown_and_blurred_spots_are_found(spots: Spots) -> None:
    spots = replace(spots, poses=np.stack([spots.poses[:, 0], 80 + spots.poses[:, 1] // 4], axis=1).astype(np.uint8))
    index = SpotIndex.of(spots, SIDE, NUM_ROWS)
    assert index.query(asked_for(spots, 3, turn=100, growth=40, flipped=10), 1)[0].tolist() == [3]
    assert index.query(asked_for(spots, 3, flipped=30), 1)[0].tolist() == []


def test_spots_that_move_alike_go_before_those_that_do_not(rng: np.random.Generator) -> None:
    """Rows 0 and 1 hold the same spots; those of row 1 are turned each its own way."""
    one = random_spots(rng, 1)
    turned = replace(one, owners=one.owners + 1, poses=one.poses + rng.integers(0, 256, one.poses.shape, np.uint8))
    both = Spots(
        *(
            np.concatenate([getattr(one, name), getattr(turned, name)])
            for name in ("owners", "cells", "signatures", "poses")
        )
    )
    index = SpotIndex.of(both, SIDE, 2)
    assert index.query(asked_for(one, 0), 2)[0][0] == 0
    other_way = replace(asked_for(one, 0), poses=turned.poses)
    assert index.query(other_way, 2)[0][0] == 1


def test_rows_that_may_not_be_found_are_not(spots: Spots) -> None:
    index = SpotIndex.of(spots, SIDE, NUM_ROWS)
    allowed = np.ones(NUM_ROWS, bool)
    allowed[7] = False
    assert 7 not in index.query(asked_for(spots, 7), 40, allowed)[0]


def test_one_spot_in_common_is_chance(spots: Spots) -> None:
    index = SpotIndex.of(spots, SIDE, NUM_ROWS)
    whole = asked_for(spots, 7)
    single = Spots(whole.owners[:1], whole.cells[:1], whole.signatures[:1], whole.poses[:1])
    assert len(index.query(single, 40)[0]) == 0


def test_a_query_without_spots_and_an_index_without_any_find_nothing(spots: Spots) -> None:
    none = Spots(
        np.empty(0, np.int64), np.empty((0, 4), np.int64), np.empty((0, 4), np.uint64), np.empty((0, 2), np.uint8)
    )
    stored = Spots(none.owners, none.cells[:, :1], none.signatures[:, :1], none.poses)
    assert SpotIndex.of(spots, SIDE, NUM_ROWS).query(none, 3)[0].tolist() == []
    assert SpotIndex.of(stored, SIDE, 3).query(asked_for(spots, 1), 3)[0].tolist() == []


def test_the_nearest_cells_are_read_first_up_to_a_limit(spots: Spots, monkeypatch: pytest.MonkeyPatch) -> None:
    index = SpotIndex.of(spots, SIDE, NUM_ROWS)
    whole = asked_for(spots, 7)
    others = (whole.cells + 1) % SIDE**2
    asked = replace(whole, cells=np.hstack([others, whole.cells]), signatures=np.hstack([whole.signatures] * 2))
    assert index.query(asked, 1)[0].tolist() == [7]
    limit = int((index.starts[others + 1] - index.starts[others]).sum())
    monkeypatch.setattr(spots_module, "MAX_READ", limit)
    assert 7 not in index.query(asked, 1)[0]


def test_files_hold_what_memory_holds(spots: Spots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spot_building, "BLOCK", 100)
    half = spots.owners < 20
    parts = [
        Spots(*(getattr(spots, name)[mask] for name in ("owners", "cells", "signatures", "poses")))
        for mask in (half, ~half)
    ]
    assert write_spots(parts, tmp_path, "local", side=SIDE) == len(spots.owners)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"local.{suffix}.npy" for suffix in SUFFIXES)
    opened = SpotIndex.open(tmp_path, "local", SIDE, len(spots.owners), NUM_ROWS)
    held = SpotIndex.of(spots, SIDE, NUM_ROWS)
    for name in ("starts", "rows", "signatures", "poses"):
        np.testing.assert_array_equal(getattr(opened, name), getattr(held, name))
    for row in (2, 33):
        assert opened.query(asked_for(spots, row), 1)[0].tolist() == [row]


def test_no_spots_at_all_can_be_written(tmp_path: Path) -> None:
    assert write_spots([], tmp_path, "local", side=SIDE) == 0
    assert len(SpotIndex.open(tmp_path, "local", SIDE, 0, 3).rows) == 0


def test_files_of_another_index_are_refused(spots: Spots, tmp_path: Path) -> None:
    write_spots([spots], tmp_path, "local", side=SIDE)
    with pytest.raises(IndexDamagedError):
        SpotIndex.open(tmp_path, "local", SIDE, 3, NUM_ROWS)
    with pytest.raises(IndexDamagedError):
        SpotIndex.open(tmp_path, "local", 2 * SIDE, len(spots.owners), NUM_ROWS)


@pytest.mark.parametrize(
    ("num_rows", "side"), [(0, 64), (1280, 64), (1281, 128), (5120, 128), (5121, 256), (10**7, 256)]
)
def test_more_images_make_finer_cells(num_rows: int, side: int) -> None:
    assert side_for(num_rows, (64, 128, 256)) == side
