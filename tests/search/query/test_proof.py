"""Proof goes before every score, and changes none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from search.generations.reader import LoadedGeneration, open_generation
from search.generations.write import IndexPlan, MethodSource, assemble
from search.index import choose_backend
from search.methods import load_method
from search.query import proof
from search.query.matching import Matches, match
from search.scoring.segments import Snapshot
from search.types import Vectors
from tests.search.methods.keypoints.conftest import make_scene

METHODS = {name: load_method(name) for name in ("color", "local")}
NUM = 60
NOBODY = np.empty(0, np.int64)
WEIGHTS = {"color": 1.0, "local": 0.0}
OPTIONS: dict[str, Any] = {"k": 20, "rerank_depth": 20, "exact_max": 10**6}


@pytest.fixture(scope="module")
def vectors() -> dict[str, Vectors]:
    """Sixty scenes, the second half in black and white; the last is a small part of a busy picture, see `query`."""
    scenes = [make_scene(seed) for seed in range(NUM)]
    scenes[NUM // 2 :] = [np.repeat(scene[:, :, 1:2], 3, axis=2) for scene in scenes[NUM // 2 :]]
    return {name: method.describe(scenes) for name, method in METHODS.items()}


@pytest.fixture(scope="module")
def query() -> dict[str, Any]:
    """A colorful picture that shows the last scene, inverted and mirrored, in a quarter of it."""
    quarters = [make_scene(90 + number) for number in range(4)]
    picture = np.concatenate([np.concatenate(quarters[:2], 1), np.concatenate(quarters[2:], 1)])
    picture[240:, 320:] = 255 - np.repeat(make_scene(NUM - 1)[:, ::-1, 1:2], 3, axis=2)
    return {name: method.describe_query([picture])[0] for name, method in METHODS.items()}


@pytest.fixture(scope="module")
def loaded(vectors: dict[str, Vectors], tmp_path_factory: pytest.TempPathFactory) -> LoadedGeneration:
    folder = tmp_path_factory.mktemp("generation")
    plan = IndexPlan(1, 0, choose_backend("exact"), 10**6, seed=20, min_recall=0.95)
    sources = [MethodSource(METHODS[name], "1", [(np.arange(1, NUM + 1), rows)]) for name, rows in vectors.items()]
    assemble(folder, sources, plan, NOBODY, lambda text, share: None)
    return open_generation(folder, 1)


def ask(loaded: LoadedGeneration, query: dict[str, Any], **about: Any) -> Matches:
    return match(Snapshot((loaded.segment,), loaded.tables), query, WEIGHTS, METHODS, **(OPTIONS | about))


def test_it_works(loaded: LoadedGeneration, query: dict[str, Any]) -> None:
    """No method but keypoints finds the scene, and keypoints have no weight."""
    plain, proven = ask(loaded, query), ask(loaded, query, proof_first=True)
    assert NUM not in [result.image_id for result in plain.results]
    assert [result.proof for result in plain.results] == [0] * 20
    first, *others = proven.results
    assert first.image_id == NUM
    assert first.proof > 0
    assert not any(result.proof for result in others)
    motion = proven.motions[NUM]
    assert (motion.mirrored, motion.inverted) == (True, True)
    assert motion.contained == pytest.approx(0.25, abs=0.06)


def test_scores_stay_as_they_are(loaded: LoadedGeneration, query: dict[str, Any]) -> None:
    every = {"k": NUM, "rerank_depth": NUM}
    plain, proven = ask(loaded, query, **every), ask(loaded, query, **every, proof_first=True)
    assert {result.image_id: result.score for result in plain.results} == {
        result.image_id: result.score for result in proven.results
    }
    rest = [result.score for result in proven.results[1:]]
    assert rest == sorted(rest, reverse=True)


def test_what_may_not_be_found_is_not_proven(loaded: LoadedGeneration, query: dict[str, Any]) -> None:
    found = ask(loaded, query, proof_first=True, excluded=[NUM])
    assert NUM not in [result.image_id for result in found.results]
    found = ask(loaded, query, proof_first=True, allowed=np.arange(1, NUM))
    assert found.motions == {}


def test_a_library_whose_files_are_older_has_no_spots(loaded: LoadedGeneration, query: dict[str, Any]) -> None:
    segment = replace(loaded.segment, spots={})
    found = match(Snapshot((segment,), loaded.tables), query, WEIGHTS, METHODS, **OPTIONS, proof_first=True)
    assert len(found.results) == 20
    assert found.motions == {}


def test_a_bounded_number_is_looked_at(
    loaded: LoadedGeneration, query: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "MAX_PROVEN", 0)
    assert ask(loaded, query, proof_first=True).motions == {}
