"""Recall: measured against exact neighbors, and raised until it is enough."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from search.generations import recall
from search.generations.recall import kth_scores, measure_recall, tune_quality
from search.index import choose_backend
from search.index.base import Found
from search.index.exact import ExactBackend
from search.methods.base import normalize_rows


class Lazy(ExactBackend):
    """Looks at a tenth of the rows, and at up to half of them with all its quality."""

    name = "lazy"

    def _nearest(
        self, vectors: NDArray[np.float32], k: int, quality: float, allowed: NDArray[np.bool_] | None
    ) -> Found:
        seen = ExactBackend(self._vectors[: round(self.rows * (0.1 + 0.4 * quality))])
        return seen.search(vectors, k)


@pytest.fixture
def vectors(rng: np.random.Generator) -> NDArray[np.float32]:
    return normalize_rows(rng.normal(size=(4000, 8)))


def test_it_works(vectors: NDArray[np.float32], tmp_path: Path) -> None:
    backend = choose_backend()
    uri = backend.address(tmp_path, "index")
    backend.build(vectors, uri, seed=1, threads=1)
    quality, found = tune_quality(backend.open(uri, 8, 4000), vectors, min_recall=0.95, seed=1)
    assert found >= 0.95
    assert 0 <= quality <= 1


@pytest.mark.parametrize(
    ("min_recall", "quality", "found"), [(0.05, 0, 0.1), (0.2, 0.5, 0.3), (0.35, 0.75, 0.4), (0.95, 1, 0.5)]
)
def test_quality_rises_until_it_is_enough_or_all(
    vectors: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
    min_recall: float,
    quality: float,
    found: float,
) -> None:
    monkeypatch.setattr(recall, "STEP_ROWS", 250)  # 4000 rows: four steps
    assert tune_quality(Lazy(vectors), vectors, min_recall=min_recall, seed=1) == (
        quality,
        pytest.approx(found, abs=0.05),
    )


def test_an_index_of_reduced_rows_is_judged_by_the_full_ones(vectors: NDArray[np.float32]) -> None:
    """By 6 of 8 numbers the 20 nearest are not the nearest of all, but they are among the 400 nearest."""
    reduced = np.ascontiguousarray(vectors[:, :6])
    queries = np.arange(0, 4000, 100)
    floors = kth_scores(vectors, queries, 20)
    index = ExactBackend(reduced)
    assert measure_recall(index, vectors, queries, floors, 1.0, reduced) > 0.9
    near = index.search(reduced[queries], 21)[0]
    hits = [
        np.count_nonzero(vectors[rows] @ vectors[row] >= floor) - 1
        for row, floor, rows in zip(queries, floors, near, strict=True)
    ]
    assert np.mean(hits) / 20 < 0.8


def test_floors_are_the_kth_nearest_others(vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "BLOCK_ROWS", 700)
    queries = np.array([0, 699, 700, 3999])
    expected = [np.sort(np.delete(vectors @ vectors[row], row))[-20] for row in queries]
    assert kth_scores(vectors, queries, 20) == pytest.approx(expected, abs=1e-6)


def test_equal_rows_do_not_decide() -> None:
    same = normalize_rows(np.ones((100, 4)))
    queries = np.array([3, 70])
    floors = kth_scores(same, queries, 20)
    assert measure_recall(Lazy(same), same, queries, floors, 1.0) == 1


@pytest.mark.parametrize("num_rows", [1, 2, 5])
def test_few_rows_have_few_neighbors(num_rows: int, rng: np.random.Generator) -> None:
    few = normalize_rows(rng.normal(size=(num_rows, 3)))
    assert tune_quality(ExactBackend(few), few, min_recall=0.95, seed=1) == (0, 1.0)
