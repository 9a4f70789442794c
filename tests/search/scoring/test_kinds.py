"""Which tables judge a pair of images, on arrays small enough to be worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from search.scoring.calibration import Calibration
from search.scoring.kinds import NONE, KindPlaces, Kinds, PairTables, pair_tables
from search.scoring.score import tabulate
from search.scoring.segments import MethodRows, MethodTables, Segment, Snapshot, kinds_at


def rising(most: float) -> Calibration:
    """So many decades for a raw score of 1, in a straight line."""
    return Calibration(0.0, 1.0, np.linspace(0, most, 5), 100)


LIBRARY = {"color": rising(4), "ssim": rising(4)}
PLACES = KindPlaces(np.array([[1, 0], [0, 1], [-1, 0]], np.float32), np.array([0, 1, NONE], np.int8), rest=1)
KINDS = Kinds("color", "1", PLACES, ({"color": rising(2)}, {"color": rising(6)}), (2, 1))
"""Images of the first kind are all alike, those of the second less so than random images of the library."""
FIRST = np.array([0, 1, 0, NONE, NONE, NONE], np.int8)
SECOND = np.array([0, 1, 1, NONE, 0, 1], np.int8)
EXPECTED = [1.0, 3.0, 1.0, 2.0, 1.0, 2.0]
"""Decades of a raw score of 0.5: of one kind by its own table, else by the most cautious."""


def judge(raw: list[float], first: np.ndarray, second: np.ndarray, name: str = "color") -> list[float]:
    tables = pair_tables(LIBRARY, KINDS, first.astype(np.int8), second.astype(np.int8))
    return tables.decades_of(name, np.array(raw, np.float32)).tolist()


def test_a_pair_is_judged_by_its_kind_or_by_the_most_cautious_table() -> None:
    assert judge([0.5] * 6, FIRST, SECOND) == EXPECTED


def test_it_does_not_matter_which_of_two_images_comes_first() -> None:
    assert judge([0.5] * 6, SECOND, FIRST) == EXPECTED


def test_a_method_that_a_kind_lacks_is_judged_by_the_library() -> None:
    assert judge([0.5] * 6, FIRST, SECOND, "ssim") == [2.0] * 6


def test_it_rises_with_the_raw_score_and_keeps_its_bounds() -> None:
    scores = np.linspace(-0.5, 1.5, 41).tolist()
    for one, other in zip(FIRST.tolist(), SECOND.tolist(), strict=True):
        found = judge(scores, np.full(41, one), np.full(41, other))
        assert found == sorted(found)
        assert found[0] == 0
        assert found[-1] <= 6


def test_no_image_of_another_kind_is_judged_rarer_than_one_of_the_querys_own() -> None:
    for kind in (0, 1):
        own, *others = judge([0.5] * 3, np.full(3, kind), np.array([kind, 1 - kind, NONE]))
        assert max(others) <= own


def test_what_is_missing_stays_missing() -> None:
    assert np.isnan(judge([np.nan] * 6, FIRST, SECOND)).all()


def test_without_kinds_the_library_judges_all() -> None:
    tables = pair_tables(LIBRARY, None, FIRST, SECOND)
    assert tables == PairTables(LIBRARY)
    assert tables.decades_of("color", np.full(6, 0.5, np.float32)).tolist() == [2.0] * 6
    assert "color" in tables
    assert "deep" not in tables


def test_scores_are_fused_by_what_judges_each_pair() -> None:
    raw = np.full((2, 6), 0.5, np.float32)
    found = tabulate(("color", "deep"), raw, pair_tables(LIBRARY, KINDS, FIRST, SECOND), {"color": 1.0, "deep": 1.0})
    assert found.decades[0].tolist() == EXPECTED
    assert np.isnan(found.decades[1]).all()
    np.testing.assert_allclose(found.fused, (np.array(EXPECTED) / 6) ** 1.5)


def test_an_image_is_of_the_kind_of_the_nearest_center() -> None:
    rows = np.array([[0.8, 0.6], [0.6, 0.8], [-0.8, 0.6], [0, -1]], np.float32)
    assert PLACES.of(rows).tolist() == [0, 1, NONE, 0]
    assert PLACES.of(rows, np.array([False, True, True, True])).tolist() == [NONE, 1, NONE, 0]
    assert PLACES.of(np.ones((2, 3), np.float32)).tolist() == [NONE, NONE]
    assert PLACES.num_kinds == 2


def test_an_image_alone_is_of_the_kind_that_it_is_of_among_others(rng: np.random.Generator) -> None:
    places = KindPlaces(rng.normal(size=(20, 64)).astype(np.float32), np.arange(20, dtype=np.int8))
    rows = rng.normal(size=(500, 64)).astype(np.float32)
    assert [int(places.of(row[None])[0]) for row in rows] == places.of(rows).tolist()


def test_a_query_without_a_row_is_of_no_kind() -> None:
    assert KINDS.of_query({"color": np.array([0, 1], np.float32)}) == 1
    assert KINDS.of_query({"ssim": np.array([0, 1], np.float32)}) == NONE


def test_tables_of_other_methods_can_be_left_out() -> None:
    assert KINDS.only({"ssim"}).tables == ({}, {})
    assert KINDS.only({"color", "ssim"}) == KINDS


def snapshot() -> Snapshot:
    """Images 1 to 3 in a generation and 3 to 5 newer; 3 was described again, and 2 and 5 are hidden."""
    rows = {"color": MethodRows("1", np.eye(2, dtype=np.float32)[[0, 1, 0]])}
    base = Segment(np.array([1, 2, 3]), np.array([True, False, False]), rows, kinds=np.array([0, 1, 0], np.int8))
    newer = Segment(np.array([4, 3, 5]), np.array([True, True, False]), rows, kinds=np.array([NONE, 1, 0], np.int8))
    return Snapshot((base, newer), {"color": MethodTables(LIBRARY["color"])}, kinds=KINDS)


def test_the_kinds_of_images_are_those_of_their_newest_rows() -> None:
    found = snapshot()
    ids = np.array([3, 1, 5, 9, 3, 2, 4])
    assert found.kinds_of(ids).tolist() == [1, 0, 0, NONE, 1, 1, NONE]
    assert found.kinds_of(np.empty(0, np.int64)).tolist() == []
    assert [found.num_of_kind(kind) for kind in (0, 1)] == [1, 1]
    assert kinds_at(found.segments[0], np.array([2, 1])).tolist() == [0, 1]


@pytest.mark.parametrize("kinds", [None, KINDS])
def test_a_library_without_kinds_knows_none(kinds: Kinds | None) -> None:
    bare = tuple(replace(segment, kinds=None) for segment in snapshot().segments)
    found = replace(snapshot(), segments=bare, kinds=kinds)
    assert found.kinds_of(np.array([1, 3])).tolist() == [NONE, NONE]
    assert found.num_of_kind(0) == 0
    assert kinds_at(bare[0], np.array([0])).tolist() == [NONE]
