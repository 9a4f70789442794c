"""The motions of the results that are shown."""

from __future__ import annotations

import numpy as np
import pytest

from search.methods import load_method
from search.query.verification import VerifiedMotions
from search.scoring.segments import MethodRows, Segment, Snapshot
from search.types import MethodScore, Result, Vectors
from tests.search.methods.keypoints.conftest import make_scene

METHODS = {name: load_method(name) for name in ("color", "local")}


@pytest.fixture(scope="module")
def rows() -> Vectors:
    """A scene, a crop of it, another scene."""
    scene = make_scene(1)
    return METHODS["local"].describe([scene, scene[30:220, 40:300], make_scene(2)])


def make_snapshot(rows: Vectors, present: list[bool]) -> Snapshot:
    ids = np.arange(1, len(rows) + 1)
    held = MethodRows("1", rows, np.array(present))
    return Snapshot((Segment(ids, np.ones(len(ids), bool), {"local": held}),), {})


def result(image_id: int, raw: float | None) -> Result:
    return Result(
        image_id, image_id, 0.5, {"color": MethodScore("color", 1, 0.9), "local": MethodScore("local", 0, raw)}
    )


def test_it_works(rows: Vectors) -> None:
    found = VerifiedMotions({"local": rows[0]}, make_snapshot(rows, [True] * 3), METHODS).of(
        [result(2, 0.5), result(3, 0.0)]
    )
    assert list(found) == [2]
    assert found[2].inliers > 12
    assert found[2].matched_area > 0.8


def test_a_score_without_a_motion_is_passed_over(rows: Vectors) -> None:
    assert VerifiedMotions({"local": rows[0]}, make_snapshot(rows, [True] * 3), METHODS).of([result(3, 0.2)]) == {}


def test_a_missing_score_costs_nothing(rows: Vectors) -> None:
    assert VerifiedMotions({"local": rows[0]}, make_snapshot(rows, [True] * 3), METHODS).of([result(2, None)]) == {}


def test_an_image_that_lost_its_row_is_passed_over(rows: Vectors) -> None:
    snapshot = make_snapshot(rows, [True, False, True])
    assert VerifiedMotions({"local": rows[0]}, snapshot, METHODS).of([result(2, 0.5)]) == {}
    assert VerifiedMotions({"local": rows[0]}, snapshot, METHODS).of([result(9, 0.5)]) == {}


def test_a_query_that_the_method_knows_nothing_of_has_no_motions(rows: Vectors) -> None:
    assert VerifiedMotions({"color": rows[0]}, make_snapshot(rows, [True] * 3), METHODS).of([result(2, 0.5)]) == {}


def test_no_more_than_a_bounded_number_is_looked_at(rows: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.query.verification.MAX_VERIFIED", 1)
    found = VerifiedMotions({"local": rows[0]}, make_snapshot(rows, [True] * 3), METHODS).of(
        [result(1, 1.0), result(2, 0.5)]
    )
    assert list(found) == [1]
