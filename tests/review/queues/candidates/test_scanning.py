"""Scanning all pairs: the best of them, as a search would score them, whatever the blocks are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from numpy.typing import NDArray

from review.queues.candidates import checkpoints, scanning
from review.queues.candidates.checkpoints import CheckpointFile
from review.queues.candidates.scanning import BestPairs, PairSpace, scan
from review.storage import queue_checkpoint_file
from search.generations import build
from search.generations import snapshot as generations_snapshot
from search.models import Tombstone
from search.query.many_pairs import fused_scores
from search.query.pair_scores import score_pairs
from search.scoring.fusion import DEFAULT_WEIGHTS
from search.scoring.segments import Snapshot
from tests.search.library import add_library

pytestmark = pytest.mark.django_db
WEIGHTS = {"color": 0.3, "ssim": 0.2, "texture": 0.5}
NONE = np.empty(0, np.int64)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch, settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(scanning, "BLOCK", 7)
    settings.QUEUES_DIR = tmp_path
    generations_snapshot.forget()
    yield
    generations_snapshot.forget()


def quiet(_done: int, _total: int) -> None:
    pass


def all_pairs(ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, columns = np.triu_indices(len(ids), k=1)
    return ids[rows], ids[columns]


def found(ground: PairSpace, wanted: int, target: float | None = None, excluded: NDArray[np.int64] = NONE) -> BestPairs:
    best = BestPairs(len(ground), wanted, excluded, target)
    scan(ground, best, CheckpointFile(1, ground, WEIGHTS, target, excluded), quiet)
    return best


@pytest.fixture
def library(rng: np.random.Generator) -> tuple[NDArray[np.int64], Snapshot]:
    ids, _vectors = add_library(40, rng)
    return ids, generations_snapshot.current_snapshot()


def test_it_works(library: tuple[NDArray[np.int64], Snapshot]) -> None:
    ids, snapshot = library
    ground = PairSpace(snapshot, ids, {"color": 1.0})
    best = found(ground, 25)
    first, second = best.places()
    scores = fused_scores(snapshot, *all_pairs(ids), {"color": 1.0}, quiet)
    expected = np.sort(scores)[::-1][:25]
    kept = fused_scores(snapshot, ground.image_ids[first], ground.image_ids[second], {"color": 1.0}, quiet)
    np.testing.assert_allclose(kept, expected, atol=2e-4)  # estimates take the node below each score
    assert (first < second).all()
    assert len(set(zip(first.tolist(), second.tolist(), strict=True))) == 25


def test_real_scores_are_those_that_pairs_are_shown_with(library: tuple[NDArray[np.int64], Snapshot]) -> None:
    ids, snapshot = library
    first, second = all_pairs(ids[:12])
    shown = score_pairs(list(zip(first.tolist(), second.tolist(), strict=True)), WEIGHTS)
    np.testing.assert_allclose(
        fused_scores(snapshot, first, second, WEIGHTS, quiet), [each.score for each in shown], atol=1e-6
    )


def test_pairs_near_a_target_are_found(library: tuple[NDArray[np.int64], Snapshot]) -> None:
    ids, snapshot = library
    ground = PairSpace(snapshot, ids, {"color": 1.0})
    scores = fused_scores(snapshot, *all_pairs(ids), {"color": 1.0}, quiet)
    target = float(np.median(scores))
    best = found(ground, 10, target)
    assert -best.keys.min() == pytest.approx(np.sort(np.abs(scores - target))[9], abs=1e-3)


def test_excluded_pairs_are_left_out_and_others_take_their_place(library: tuple[NDArray[np.int64], Snapshot]) -> None:
    ids, snapshot = library
    ground = PairSpace(snapshot, ids, WEIGHTS)
    before = found(ground, 10)
    after = found(ground, 10, excluded=before.codes)
    assert len(after.codes) == 10
    assert not set(after.codes.tolist()) & set(before.codes.tolist())


def test_the_size_of_the_blocks_does_not_matter(
    library: tuple[NDArray[np.int64], Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, snapshot = library
    ground = PairSpace(snapshot, ids, WEIGHTS)
    small = found(ground, 20)
    monkeypatch.setattr(scanning, "BLOCK", 1024)
    assert ground.num_blocks() == 1
    np.testing.assert_array_equal(found(ground, 20).places(), small.places())


def test_a_generation_and_what_is_newer_are_one_ground(rng: np.random.Generator) -> None:
    older, _ = add_library(30, rng)
    build.build()
    newer, _ = add_library(10, rng)
    generations_snapshot.forget()
    snapshot = generations_snapshot.current_snapshot()
    assert [len(segment.image_ids) for segment in snapshot.segments] == [30, 10]
    ids = np.concatenate([newer, older])
    ground = PairSpace(snapshot, ids, WEIGHTS)
    np.testing.assert_array_equal(ground.image_ids, np.sort(ids))
    assert set(np.concatenate(found(ground, 780).places()).tolist()) == set(range(40))


def test_only_what_can_be_found_takes_part(library: tuple[NDArray[np.int64], Snapshot]) -> None:
    ids, _snapshot = library
    Tombstone.objects.create(image_id=ids[0])
    generations_snapshot.forget()
    ground = PairSpace(generations_snapshot.current_snapshot(), ids[:5], WEIGHTS)
    assert ground.image_ids.tolist() == ids[1:5].tolist()


def test_methods_without_a_weight_stay_out_unless_none_has_one(library: tuple[NDArray[np.int64], Snapshot]) -> None:
    ids, snapshot = library
    assert [each.name for each in PairSpace(snapshot, ids, {"color": 1.0}).gatherers] == ["color"]
    usual = {each.name: each.weight for each in PairSpace(snapshot, ids, {"local": 1.0}).gatherers}
    assert usual == {name: DEFAULT_WEIGHTS[name] for name in ("color", "ssim")}


def test_nothing_makes_no_pairs(db: None) -> None:
    ground = PairSpace(generations_snapshot.current_snapshot(), np.array([4, 5]), WEIGHTS)
    assert len(ground) == ground.num_blocks() == 0
    assert len(found(ground, 5).codes) == 0


# Taking up what another worker left behind


class CrashError(Exception):
    pass


def test_a_scan_goes_on_where_it_was_interrupted(
    library: tuple[NDArray[np.int64], Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, snapshot = library
    ground = PairSpace(snapshot, ids, WEIGHTS)
    whole = found(ground, 15)
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)

    def crash(done: int, _total: int) -> None:
        if done == 9:
            raise CrashError

    with pytest.raises(CrashError):
        scan(ground, BestPairs(len(ground), 15, NONE), CheckpointFile(1, ground, WEIGHTS, None, NONE), crash)
    seen: list[int] = []
    best = BestPairs(len(ground), 15, NONE)
    scan(ground, best, CheckpointFile(1, ground, WEIGHTS, None, NONE), lambda done, _total: seen.append(done))
    assert seen == list(range(9, ground.num_blocks() + 1))
    np.testing.assert_array_equal(best.places(), whole.places())
    assert not queue_checkpoint_file(1).exists()


@pytest.mark.parametrize("damage", ["cut", "other weights", "other exclusions"])
def test_what_does_not_fit_is_begun_anew(library: tuple[NDArray[np.int64], Snapshot], damage: str) -> None:
    ids, snapshot = library
    ground = PairSpace(snapshot, ids, WEIGHTS)
    keeper = CheckpointFile(1, ground, WEIGHTS, None, NONE)
    keeper._next = 0.0
    best = BestPairs(len(ground), 5, NONE)
    keeper.keep(best, 4)
    weights, excluded = WEIGHTS, NONE
    if damage == "cut":
        path = queue_checkpoint_file(1)
        path.write_bytes(path.read_bytes()[:50])
    elif damage == "other weights":
        weights = {"color": 1.0}
    else:
        excluded = np.array([3])
    assert CheckpointFile(1, ground, weights, None, excluded).resume(best) == 0
    assert CheckpointFile(2, ground, WEIGHTS, None, NONE).resume(best) == 0
