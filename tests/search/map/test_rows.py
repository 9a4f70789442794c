"""Where the map's rows come from: the vectors that search compares, of every image that can be found."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from search.map import rows as map_rows_module
from search.map.rows import map_rows, mappable
from search.scoring.segments import MethodRows, Segment, Snapshot


def segment(ids: list[int], closed: tuple[int, ...] = (), **methods: MethodRows) -> Segment:
    image_ids = np.array(ids, np.int64)
    return Segment(image_ids, ~np.isin(image_ids, closed), methods)


def numbered(first: int, num: int, dim: int = 3) -> NDArray[np.float32]:
    """Rows that tell their number by their first entry."""
    rows = np.zeros((num, dim), np.float32)
    rows[:, 0] = np.arange(first, first + num)
    return rows


def snapshot(*segments: Segment) -> Snapshot:
    return Snapshot(segments, {})


def test_it_works() -> None:
    base = segment([10, 20, 30], (20,), color=MethodRows("1", numbered(0, 3)))
    newer = segment([25, 5], color=MethodRows("1", numbered(100, 2)))
    found = map_rows(snapshot(base, newer), "color")
    assert found is not None
    assert (found.method, found.version) == ("color", "1")
    assert found.image_ids.tolist() == [5, 10, 25, 30]
    assert found.take(np.arange(4))[:, 0].tolist() == [101, 0, 100, 2]
    assert found.take(np.array([3, 0]))[:, 0].tolist() == [2, 101]


def test_rows_that_are_not_there_are_left_out() -> None:
    held = MethodRows("1", numbered(0, 3), np.array([True, False, True]))
    found = map_rows(snapshot(segment([1, 2, 3], color=held)), "color")
    assert found is not None
    assert found.image_ids.tolist() == [1, 3]
    assert found.take(np.arange(2))[:, 0].tolist() == [0, 2]


def test_a_pairwise_method_is_laid_out_by_its_proxies() -> None:
    held = MethodRows("1", np.full((2, 9), 7, np.uint8), proxies=numbered(50, 2))
    found = map_rows(snapshot(segment([1, 2], ssim=held)), "ssim")
    assert found is not None
    assert found.take(np.arange(2)).tolist() == numbered(50, 2).tolist()


def test_newer_rows_of_another_version_are_left_out() -> None:
    base = segment([1], color=MethodRows("1", numbered(0, 1)))
    newer = segment([2], color=MethodRows("2", numbered(5, 1, dim=4)))
    found = map_rows(snapshot(base, newer), "color")
    assert found is not None
    assert found.image_ids.tolist() == [1]


def test_a_method_without_rows_has_no_map() -> None:
    nothing = MethodRows("1", numbered(0, 1), np.array([False]))
    assert map_rows(snapshot(segment([1], color=nothing)), "color") is None
    assert map_rows(snapshot(segment([1])), "color") is None


def test_rows_are_taken_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_rows_module, "CHUNK_ROWS", 2)
    found = map_rows(snapshot(segment([1, 2, 3, 4, 5], color=MethodRows("1", numbered(0, 5)))), "color")
    assert found is not None
    assert found.take(np.array([4, 0, 2, 1, 3]))[:, 0].tolist() == [4, 0, 2, 1, 3]


def test_the_method_that_counts_most_comes_first_and_one_that_only_re_ranks_has_no_map() -> None:
    held = {name: MethodRows("1", numbered(0, 1)) for name in ("texture", "color", "deep", "local")}
    assert mappable(snapshot(segment([1], **held))) == ["deep", "color", "texture"]
    assert mappable(snapshot(segment([1]))) == []
