"""Scores from vectors, on arrays small enough to be worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.methods.base import Method, RerankMethod
from search.scoring.calibration import Calibration
from search.scoring.score import Later, QueryRows, RowPairs, Rows, ScoreTable, pairs_among, score, tabulate
from search.scoring.segments import MethodRows, Segment, Snapshot
from search.types import Missing, RGBImage, Scores, Vectors

NAN = float("nan")
LINEAR = Calibration(0.0, 1.0, np.linspace(0, 6, 5), 100)
"""Six decades for a raw score of 1, so a rarity of `raw ** 1.5`."""
VECTORS = np.array([[1, 0], [0, 1], [0.6, 0.8], [0.8, 0.6]], np.float32)
HALVES = {"color": 0.5, "ssim": 0.5}


class Cosine(Method):
    """Compares by dot product, as most methods do."""

    name = "color"
    version = "1"  # type: ignore[assignment]
    dim = 2  # type: ignore[assignment]

    def describe(self, images: Sequence[RGBImage]) -> NDArray[np.float32]:
        raise NotImplementedError


class Costly(RerankMethod):
    """Says how near the first numbers are, and keeps count of the rows that it compared."""

    name = "ssim"
    version = "1"  # type: ignore[assignment]
    dim = 2  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.compared: list[int] = []

    def describe(self, images: Sequence[RGBImage]) -> NDArray[np.float32]:
        raise NotImplementedError

    def scores(self, query: NDArray[Any], vectors: Vectors) -> Scores:
        self.compared.append(len(vectors))
        return np.asarray(1 - np.abs(vectors[:, 0] - query[0]), np.float32)


def table_of(
    raw: Sequence[Sequence[float]], weights: dict[str, float], known: Sequence[str] = ("color", "ssim")
) -> ScoreTable:
    calibrations = dict.fromkeys(known, LINEAR)
    return tabulate(("color", "ssim"), np.array(raw, np.float32), calibrations, weights)


def test_it_works() -> None:
    found = table_of([[0.25, 1.0], [1.0, 0.25]], {"color": 3.0, "ssim": 1.0})
    assert found.decades == pytest.approx(np.array([[1.5, 6], [6, 1.5]]))
    assert found.rarity == pytest.approx(np.array([[0.125, 1], [1, 0.125]]))
    assert found.fused == pytest.approx([(3 * 0.125 + 1) / 4, (3 + 0.125) / 4])
    assert found.shares == pytest.approx(np.array([[0.375 / 1.375, 3 / 3.125], [1 / 1.375, 0.125 / 3.125]]))
    assert found.ranks.tolist() == [[2, 1], [1, 2]]
    assert not found.missing.any()
    assert found.raw.dtype == np.float32
    assert found.weights.tolist() == [3, 1]


def test_what_is_missing_counts_for_nothing() -> None:
    found = table_of([[1.0, NAN, NAN], [0.25, 0.25, NAN]], HALVES)
    assert found.fused[:2] == pytest.approx([0.5625, 0.125])
    assert np.isnan(found.fused[2])
    assert found.missing.tolist() == [[False, True, True], [False, False, True]]
    assert found.shares[:, 1].tolist() == [0, 1]
    assert found.shares[:, 2].tolist() == [0, 0]
    assert found.ranks.tolist() == [[1, 0, 0], [1, 1, 0]]


def test_a_method_without_weight_has_a_rarity_but_no_share() -> None:
    found = table_of([[1.0, NAN], [0.25, 0.25]], {"ssim": 2.0})
    assert found.rarity[0, 0] == pytest.approx(1)
    assert found.fused == pytest.approx([0.125, 0.125])
    assert found.shares.tolist() == [[0, 0], [1, 1]]


def test_a_method_without_random_pairs_is_missing_for_that_reason() -> None:
    found = table_of([[1.0, NAN], [0.25, 0.25]], HALVES, known=("ssim",))
    assert found.raw[0, 0] == 1
    assert np.isnan(found.rarity[0]).all()
    first, second = found.method_scores(np.array([0, 1]))
    assert [first["color"].missing, second["color"].missing] == [Missing.NO_CALIBRATION, Missing.NO_SCORE]
    assert first["color"].raw is None
    assert not first["ssim"].missing


def test_the_numbers_of_one_pair() -> None:
    (said,) = table_of([[0.25, 1.0], [1.0, 0.25]], HALVES).method_scores(np.array([1]), ranked=True)
    color = said["color"]
    assert (color.method, color.weight, color.raw, color.rank) == ("color", 0.5, 1.0, 1)
    assert (color.decades, color.one_in) == (6, 10**6)
    assert color.share == pytest.approx(1 / 1.125)
    assert table_of([[0.25], [1.0]], HALVES).method_scores(np.array([0]))[0]["color"].rank is None


def test_order_is_by_fused_score_then_raw_scores_then_id() -> None:
    flat = Calibration(0.0, 1.0, np.zeros(5), 1)  # nothing is rare, so only raw scores tell pairs apart
    raw = np.array([[0.1, 0.9, 0.1, NAN]], np.float32)
    found = tabulate(("color",), raw, {"color": flat}, {"color": 1.0})
    assert found.order(np.array([7, 9, 3, 1])).tolist() == [1, 2, 0]
    assert found.order(np.array([7, 9, 3, 1]), 1).tolist() == [1]


def test_nothing_to_score() -> None:
    found = tabulate((), np.empty((0, 2), np.float32), {}, {})
    assert np.isnan(found.fused).all()
    assert (found.ranks.shape, found.missing.shape) == ((0, 2), (0, 2))
    assert score({}, 0, {"color": Cosine()}, {"color": LINEAR}, HALVES).raw.shape == (1, 0)


def test_a_query_is_compared_with_rows_of_several_arrays() -> None:
    parts = [
        Rows(4, VECTORS),
        Rows(2),
        Rows(2, VECTORS, np.array([3, 1]), np.array([True, False, True, True])),
    ]
    compared = QueryRows(VECTORS[0], parts)
    assert compared.present().tolist() == [True] * 4 + [False] * 2 + [True, False]
    found = score({"color": compared}, 8, {"color": Cosine()}, {"color": LINEAR}, {"color": 1.0})
    assert found.raw[0] == pytest.approx([1, 0, 0.6, 0.8, NAN, NAN, 0.8, NAN], nan_ok=True)
    asked = np.array([0, 1, 0, 0, 1, 0, 0, 1], bool)
    assert compared.scores(Cosine(), asked) == pytest.approx([0, NAN, NAN], nan_ok=True)


@pytest.mark.parametrize("method", [Cosine(), Costly()])
def test_pairs_are_scored_as_queries_are(method: Method) -> None:
    has_vector = np.array([True, True, True, False])
    first, second = np.array([2, 0, 2, 0, 3]), np.array([0, 1, 2, 3, 0])
    found = RowPairs(VECTORS, has_vector, first, second).scores(method, np.ones(5, bool))
    rows = Rows(4, VECTORS, None, has_vector)
    expected = [
        QueryRows(VECTORS[one], [rows]).scores(method, np.ones(4, bool))[other]
        for one, other in zip(first[:3], second[:3], strict=True)
    ]
    assert found[:3] == pytest.approx(expected)
    assert np.isnan(found[3:]).all()


def test_pairs_of_one_first_image_are_compared_together() -> None:
    method, ones = Costly(), np.ones(5, bool)
    pairs = RowPairs(VECTORS, np.ones(4, bool), np.array([2, 0, 2, 0, 2]), np.array([0, 1, 2, 3, 1]))
    pairs.scores(method, ones)
    assert sorted(method.compared) == [2, 3]
    assert pairs.scores(method, ~ones).shape == (0,)


@pytest.mark.parametrize(("fill", "rest"), [(False, NAN), (True, 0.0)])
def test_costly_methods_are_asked_about_the_best_alone(fill: bool, rest: float) -> None:
    costly, seen = Costly(), []

    def choose(table: ScoreTable) -> NDArray[np.intp]:
        seen.append(table)
        return table.order(np.arange(4), 2)

    rows = {name: QueryRows(VECTORS[0], [Rows(4, VECTORS)]) for name in ("color", "ssim")}
    methods: dict[str, Method] = {"ssim": costly, "color": Cosine()}
    calibrations = dict.fromkeys(methods, LINEAR)
    found = score(rows, 4, methods, calibrations, HALVES, Later(["ssim"], choose, fill=fill))
    assert costly.compared == [2]
    assert found.names == ("ssim", "color")
    assert found.raw[0] == pytest.approx([1, rest, rest, 0.8], nan_ok=True)
    assert found.raw[1] == pytest.approx([1, 0, 0.6, 0.8])
    (early,) = seen
    assert early.fused == pytest.approx([1, 0, 0.6**1.5, 0.8**1.5], abs=1e-6)


def test_rows_not_asked_about_count_as_the_least_alike_of_those_that_were() -> None:
    class Below(Costly):
        def scores(self, query: NDArray[Any], vectors: Vectors) -> Scores:
            return np.asarray(-vectors[:, 0], np.float32)

    has_vector = np.array([True, True, False, True])
    rows = {"ssim": QueryRows(VECTORS[0], [Rows(4, VECTORS, None, has_vector)])}
    later = Later(["ssim"], lambda _table: np.array([1, 3]), fill=True)
    found = score(rows, 4, {"ssim": Below()}, {"ssim": LINEAR}, HALVES, later)
    assert found.raw[0] == pytest.approx([-0.8, 0, NAN, -0.8], nan_ok=True)


def test_the_vectors_of_pairs_come_from_every_segment() -> None:
    old = Segment(np.array([5, 6]), np.array([True, False]), {"color": MethodRows("1", VECTORS[:2])})
    newer = Segment(
        np.array([6, 9]), np.ones(2, bool), {"color": MethodRows("1", VECTORS[2:], np.array([True, False]))}
    )
    first, second = np.array([5, 6, 5, 7]), np.array([6, 6, 9, 5])
    pairs = pairs_among(Snapshot((old, newer), {}), ["color", "ssim"], first, second)
    assert set(pairs) == {"color"}
    found = score(pairs, 4, {"color": Cosine()}, {"color": LINEAR}, {"color": 1.0})
    assert found.raw[0] == pytest.approx([0.6, 1, NAN, NAN], nan_ok=True)
