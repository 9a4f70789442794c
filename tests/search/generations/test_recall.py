"""Recall: measured against exact neighbors, and raised until it is enough."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import pytest
from numpy.typing import NDArray

from search.generations import recall
from search.generations.recall import kth_scores, measure_recall, tune_effort
from search.index import IndexBackend, choose_backend
from search.methods.base import normalize_rows


class Lazy(IndexBackend):
    """Looks at the first `effort` rows only."""

    name = "lazy"
    suffix = ".lazy"

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        super().__init__(vectors.shape[1], len(vectors))
        self.vectors = vectors

    @classmethod
    def build(cls, vectors: NDArray[np.float32], path: Path, *, trees: int, seed: int, threads: int) -> None:
        np.save(path, vectors)

    @classmethod
    def load(cls, path: Path, dim: int, rows: int) -> Self:
        return cls(np.load(path))

    def _nearest(
        self, vector: NDArray[np.float32], k: int, effort: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        scores = self.vectors[:effort] @ vector
        rows = np.argsort(-scores)[:k]
        return rows, scores[rows]


@pytest.fixture
def vectors(rng: np.random.Generator) -> NDArray[np.float32]:
    return normalize_rows(rng.normal(size=(4000, 8)))


def test_it_works(vectors: NDArray[np.float32], tmp_path: Path) -> None:
    backend = choose_backend()
    backend.build(vectors, tmp_path / "index", trees=10, seed=1, threads=1)
    effort, found = tune_effort(backend.load(tmp_path / "index", 8, 4000), vectors, min_recall=0.95, seed=1)
    assert found >= 0.95
    assert effort >= recall.FIRST_EFFORT


def test_the_effort_doubles_until_it_is_enough_or_too_much(
    vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recall, "FIRST_EFFORT", 500)
    monkeypatch.setattr(recall, "COST_RATIO", 2)
    assert tune_effort(Lazy(vectors), vectors, min_recall=0.1, seed=1)[0] == 500
    assert tune_effort(Lazy(vectors), vectors, min_recall=0.2, seed=1)[0] == 1000
    effort, found = tune_effort(Lazy(vectors), vectors, min_recall=0.95, seed=1)
    assert effort == 2000
    assert found == pytest.approx(0.5, abs=0.05)


def test_floors_are_the_kth_nearest_others(vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "BLOCK_ROWS", 700)
    queries = np.array([0, 699, 700, 3999])
    expected = [np.sort(np.delete(vectors @ vectors[row], row))[-20] for row in queries]
    assert kth_scores(vectors, queries, 20) == pytest.approx(expected, abs=1e-6)


def test_equal_rows_do_not_decide() -> None:
    same = normalize_rows(np.ones((100, 4)))
    queries = np.array([3, 70])
    floors = kth_scores(same, queries, 20)
    assert measure_recall(Lazy(same), same, queries, floors, 40) == 1


@pytest.mark.parametrize("num_rows", [1, 2, 5])
def test_few_rows_have_few_neighbors(num_rows: int, rng: np.random.Generator) -> None:
    few = normalize_rows(rng.normal(size=(num_rows, 3)))
    assert tune_effort(Lazy(few), few, min_recall=0.95, seed=1) == (recall.FIRST_EFFORT, 1.0)
