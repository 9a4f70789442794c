"""Scores of very many pairs, whatever the blocks they are read in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from search.generations import snapshot as generations_snapshot
from search.generations.snapshot import current_snapshot
from search.query import many_pairs
from search.query.many_pairs import fused_scores, raw_scores
from search.query.pair_scores import score_pairs
from search.scoring.fusion import check_weights
from tests.search.library import add_library

pytestmark = pytest.mark.django_db
WEIGHTS = {"color": 0.3, "texture": 0.7}


@pytest.fixture
def ids(rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    generations_snapshot.forget()
    yield add_library(9, rng, ("color", "texture"))[0]
    generations_snapshot.forget()


def quiet(_done: int, _total: int) -> None:
    pass


@pytest.mark.parametrize("at_once", [4, 100])
def test_they_are_those_of_each_pair(ids: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(many_pairs, "PAIRS_AT_ONCE", at_once)
    first, second = ids[[5, 0, 5, 2, 0, 8]], ids[[1, 2, 3, 4, 5, 6]]
    expected = score_pairs(list(zip(first.tolist(), second.tolist(), strict=True)), WEIGHTS)
    fused = fused_scores(current_snapshot(), first, second, check_weights(WEIGHTS), quiet)
    assert fused == pytest.approx([pair.score for pair in expected], abs=1e-9)
    raw = raw_scores(current_snapshot(), ["texture", "local", "color"], first, second, quiet)
    assert raw[0] == pytest.approx([pair.methods["texture"].raw for pair in expected])
    assert raw[2] == pytest.approx([pair.methods["color"].raw for pair in expected])
    assert np.isnan(raw[1]).all()


def test_it_tells_how_far_it_is(ids: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_pairs, "PAIRS_AT_ONCE", 2)
    told: list[tuple[int, int]] = []
    raw_scores(current_snapshot(), ["color"], ids[:5], ids[4:], lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_methods_without_weight_are_not_asked(ids: NDArray[np.int64]) -> None:
    every = fused_scores(current_snapshot(), ids[:1], ids[1:2], check_weights({"local": 1.0}), quiet)
    assert np.isnan(every).all()


def test_no_pairs_no_scores() -> None:
    none = np.empty(0, np.int64)
    snapshot = current_snapshot()
    assert fused_scores(snapshot, none, none, check_weights(WEIGHTS), quiet).shape == (0,)
    assert raw_scores(snapshot, ["color"], none, none, quiet).shape == (1, 0)
