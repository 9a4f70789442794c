"""Generations: built beside the one in use, published in one step, and given up when damaged."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.utils import timezone

from gallery.models import Image
from jobs.rows import JobState
from search.exceptions import GenerationError
from search.features import registry, revisions
from search.generations import build as generations_build
from search.generations import snapshot
from search.generations.build import ABSENCE, active_generation, build, rebuild_due
from search.generations.reader import LoadedGeneration, open_generation
from search.models import Feature, Generation, Tombstone
from search.query.pipeline import for_image, run_query
from search.storage import generation_folder, generations_folder
from tests.codes import refused
from tests.search.library import add_features, add_images, add_library, describe, pictures

pytestmark = pytest.mark.django_db
Life = Generation.Life
WEIGHTS = {"color": 0.3, "ssim": 0.2}


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    yield
    snapshot.forget()


def adjust(settings: LazySettings, **values: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update=values)


def folders() -> list[str]:
    return sorted(path.name for path in generations_folder().iterdir() if path.is_dir())


def answer_ids(image_id: int) -> list[int]:
    return [result.image_id for result in run_query(for_image(image_id), WEIGHTS).results]


def opened() -> LoadedGeneration:
    row = active_generation()
    assert row is not None
    return open_generation(generation_folder(row.folder), row.pk)


def test_it_works(rng: np.random.Generator) -> None:
    ids, vectors = add_library(30, rng)
    told: list[tuple[str, float]] = []
    row = build(lambda text, share: told.append((text, share)))
    assert (row.state, row.life, row.num_images) == (JobState.READY, Life.ACTIVE, 30)
    assert row.revision == revisions.revision()
    assert row.versions == registry.current_versions()
    assert folders() == [row.folder]
    assert told[0][0].startswith("color")
    assert [share for _, share in told] == sorted(share for _, share in told)
    loaded = opened()
    assert np.array_equal(loaded.segment.image_ids, ids)
    for name, rows in vectors.items():
        assert np.array_equal(loaded.segment.methods[name].vectors, rows)
    assert loaded.segment.methods["ssim"].proxies is not None
    assert loaded.tables["color"].raw.num_pairs == 30 * 29 // 2


def test_images_that_lack_a_method_stay_in_line(rng: np.random.Generator) -> None:
    ids = add_images(6)
    painted = pictures(6, rng)
    color = describe(painted, rng, ["color"])["color"]
    ssim = describe(painted, rng, ["ssim"])["ssim"]
    add_features(ids[:5], {"color": color[:5]})
    add_features(ids[3:], {"ssim": ssim[3:]})
    build()
    loaded = opened()
    assert loaded.segment.image_ids.tolist() == ids
    rows = loaded.segment.methods["ssim"]
    assert rows.present is not None
    assert rows.present.tolist() == [False] * 3 + [True] * 3
    assert np.array_equal(rows.vectors[3:], ssim[3:])
    assert "texture" not in loaded.segment.methods


def test_hidden_images_are_left_out(rng: np.random.Generator) -> None:
    ids, _ = add_library(8, rng)
    Tombstone.objects.create(image_id=ids[2])
    build()
    loaded = opened()
    assert loaded.segment.image_ids.tolist() == [i for i in ids if i != ids[2]]


def test_the_one_before_stays_until_the_next_build(rng: np.random.Generator) -> None:
    add_library(8, rng)
    first, second = build(), build()
    assert folders() == sorted([first.folder, second.folder])
    third = build()
    assert folders() == sorted([second.folder, third.folder])
    assert list(Generation.objects.values_list("life", flat=True)) == [Life.ACTIVE, Life.RETIRED, Life.RETIRED]


def test_leftovers_of_killed_builds_are_removed(rng: np.random.Generator) -> None:
    add_library(8, rng)
    lost = Generation.objects.create()
    assert generations_build.generation.claim(lost.pk)
    (generations_folder() / f".building-{lost.pk}-abcd").mkdir(parents=True)
    (generations_folder() / "77-renamed-but-not-published").mkdir()
    row = build()
    assert (row.pk, row.attempts) == (lost.pk, 2)  # the build goes on by itself
    assert folders() == [row.folder]


def test_refuses_to_build_from_nothing() -> None:
    with refused(GenerationError, "nothing_to_build_from"):
        build()
    assert not Generation.objects.exists()


def test_a_library_may_become_empty(rng: np.random.Generator) -> None:
    ids, _ = add_library(4, rng)
    build()
    Tombstone.objects.bulk_create([Tombstone(image_id=i) for i in ids])
    Image.objects.all().delete()
    assert build().num_images == 0
    other, _ = add_library(3, rng)
    assert sorted(answer_ids(int(other[0]))) == other[1:].tolist()


def test_refuses_a_second_build_at_the_same_time(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    add_library(4, rng)
    monkeypatch.setattr(generations_build, "LOCK_SECONDS", 0)
    with generations_build._exclusive(0) as gained:
        assert gained
        with refused(GenerationError, "build_running"):
            build()
    build()


def test_a_failed_build_leaves_the_old_one_and_no_files(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, _ = add_library(8, rng)
    first = build()

    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(generations_build, "sync", full)
    with refused(GenerationError, "file_error"):
        build()
    monkeypatch.undo()
    failed = Generation.objects.get(state=JobState.FAILED)
    assert failed.error_code == "file_error"
    assert os.strerror(errno.ENOSPC) in failed.error_params["text"]
    assert folders() == [first.folder]
    assert len(answer_ids(int(ids[0]))) == 7


@pytest.mark.slow
def test_a_build_killed_anywhere_leaves_the_current_one_serving(tmp_path: Path) -> None:
    """Killed at each write, sync, rename and commit in turn: search goes on, and the next build cleans up."""
    (tmp_path / "data").mkdir()
    environment = os.environ | {
        "DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.search.killed_builds"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 15


def damage(row: Generation, name: str, kind: str, rng: np.random.Generator) -> None:
    """Flip a bit, cut at an Annoy node, swap with another file, or take away."""
    path = generation_folder(row.folder) / name
    data = bytearray(path.read_bytes())
    if kind == "flip":
        data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    elif kind == "cut":
        data = data[: len(data) // 2]
    elif kind == "swap":
        data = bytearray(np.random.default_rng(3).permutation(np.frombuffer(data, np.uint8)).tobytes())
    path.unlink()
    if kind != "remove":
        path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("image_ids.npy", "swap"),
        ("image_ids.npy", "flip"),
        ("color.annoy", "cut"),
        ("color.annoy", "flip"),
        ("ssim.stand_in.npy", "swap"),
        ("ssim.calibration.npz", "remove"),
    ],
)
def test_damage_is_refused_and_the_one_before_takes_over(
    rng: np.random.Generator, settings: LazySettings, name: str, kind: str
) -> None:
    adjust(settings, exact_search_max_images=5)
    ids, _ = add_library(60, rng)
    first, second = build(), build()
    expected = answer_ids(int(ids[0]))
    snapshot.forget()
    damage(second, name, kind, rng)
    answer = run_query(for_image(int(ids[0])), WEIGHTS)
    assert [result.image_id for result in answer.results] == expected
    assert answer.generation_id == first.pk
    assert answer.degraded is not None
    assert answer.degraded.code == "previous_index_serves"
    second.refresh_from_db()
    assert second.error_code == "index_damaged"
    assert answer.degraded.params == second.error_params
    assert name in second.error_sentence
    assert rebuild_due(0)
    third = build()
    assert (run_query(for_image(int(ids[0])), WEIGHTS).degraded, folders()) == (
        None,
        sorted([first.folder, third.folder]),
    )


def test_both_damaged_leaves_exact_search_over_the_features(rng: np.random.Generator) -> None:
    ids, _ = add_library(30, rng)
    first, second = build(), build()
    expected = answer_ids(int(ids[0]))
    for row in (first, second):
        damage(row, "color.vectors.npy", "flip", rng)
    answer = run_query(for_image(int(ids[0])), WEIGHTS)
    assert answer.generation_id is None
    assert answer.degraded is not None
    assert answer.degraded.code == "exact_search_serves"
    assert sorted(result.image_id for result in answer.results) == sorted(expected)
    assert answer.results[0].image_id == expected[0]


def test_damage_while_it_serves_is_noticed(rng: np.random.Generator) -> None:
    ids, _ = add_library(30, rng)
    row = build()
    assert run_query(for_image(int(ids[0])), WEIGHTS).degraded is None
    damage(row, "color.vectors.npy", "flip", rng)
    assert "color.vectors.npy" in str(run_query(for_image(int(ids[0])), WEIGHTS).degraded)


def test_files_that_were_only_copied_are_verified_again(rng: np.random.Generator) -> None:
    ids, _ = add_library(30, rng)
    row = build()
    answer_ids(int(ids[0]))
    path = generation_folder(row.folder) / "color.vectors.npy"
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)
    assert run_query(for_image(int(ids[0])), WEIGHTS).degraded is None


def test_rebuild_is_due_when_the_first_features_are_all_there(rng: np.random.Generator) -> None:
    assert not rebuild_due(0)
    add_library(3, rng)
    assert not rebuild_due(1)
    assert rebuild_due(0)
    build()
    assert not rebuild_due(0)


def test_rebuild_is_due_when_the_delta_has_grown(rng: np.random.Generator, settings: LazySettings) -> None:
    adjust(settings, rebuild_delta_images=25)
    add_library(30, rng)
    build()
    add_library(19, rng)
    assert not rebuild_due(0)
    ids, _ = add_library(1, rng)
    assert rebuild_due(0)
    assert not rebuild_due(5)
    Tombstone.objects.bulk_create([Tombstone(image_id=i) for i in range(ids[0], ids[0] + 5)])
    assert rebuild_due(5)


def test_rebuild_is_due_when_a_method_has_changed(rng: np.random.Generator) -> None:
    add_library(5, rng)
    row = build()
    Generation.objects.filter(pk=row.pk).update(versions=row.versions | {"color": "older"})
    assert rebuild_due(1)  # nothing is left of the older version that would have to be waited for
    Generation.objects.filter(pk=row.pk).update(versions={"ssim": row.versions["ssim"]})
    assert not rebuild_due(1)
    assert rebuild_due(0)


def test_failed_builds_wait_longer_each_time(rng: np.random.Generator) -> None:
    add_library(5, rng)
    for number in (1, 2, 3):
        Generation.objects.create(state=JobState.FAILED)
        for seconds, due in ((30 * 2 ** (number - 1) - 5, False), (30 * 2 ** (number - 1) + 5, True)):
            past = timezone.now() - timedelta(seconds=seconds)
            Generation.objects.update(heartbeat_at=past)
            assert rebuild_due(0) is due


def test_rebuild_is_not_due_while_one_runs(rng: np.random.Generator) -> None:
    add_library(5, rng)
    row = generations_build.ask()
    assert not rebuild_due(0)
    assert generations_build.generation.claim(row.pk)
    with generations_build._exclusive(0):
        assert not rebuild_due(0)
        assert Generation.objects.get().state == JobState.RUNNING
    assert not rebuild_due(0)  # nobody holds the lock: its process has ended
    assert Generation.objects.get().state == JobState.WAITING


def test_a_build_that_waits_is_not_asked_for_twice(rng: np.random.Generator) -> None:
    add_library(3, rng)
    first, second = generations_build.ask(), generations_build.ask()
    assert first == second
    assert build().pk == first.pk


def test_a_worker_that_finds_the_lock_taken_comes_again(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_library(3, rng)
    monkeypatch.setattr(generations_build, "LOCK_SECONDS", 0)
    row = Generation.objects.create()
    with generations_build._exclusive(0):
        generations_build.generation.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error_code) == (JobState.RUNNING, 0, "build_running")
    Generation.objects.update(leased_until=timezone.now())
    generations_build.generation.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.life, row.error_code) == (JobState.READY, Life.ACTIVE, "")


def test_tombstones_of_deleted_images_are_forgotten_when_nothing_holds_them(rng: np.random.Generator) -> None:
    ids, _ = add_library(5, rng)
    hidden, deleted = int(ids[0]), int(ids[1])
    build()
    Tombstone.objects.bulk_create([Tombstone(image_id=hidden), Tombstone(image_id=deleted)])
    Image.objects.filter(pk=deleted).delete()
    build()
    assert Tombstone.objects.count() == 2  # the generation before still holds both
    build()
    assert list(Tombstone.objects.values_list("image_id", flat=True)) == [hidden]


def test_little_recall_means_exact_search(rng: np.random.Generator, settings: LazySettings) -> None:
    adjust(settings, exact_search_max_images=5, min_recall=1.1)
    ids, _ = add_library(40, rng)
    row = build()
    assert set(row.recall) == {"color", "ssim", "texture"}
    assert not [name for name in os.listdir(generation_folder(row.folder)) if name.endswith(".annoy")]
    answer = run_query(for_image(int(ids[0])), WEIGHTS)
    assert answer.exact
    assert len(answer.results) == 39


def test_features_that_wait_are_not_built(rng: np.random.Generator) -> None:
    ids, _ = add_library(5, rng)
    Feature.objects.filter(image=ids[0], method="color").update(state=JobState.WAITING)
    build()
    loaded = opened()
    present = loaded.segment.methods["color"].present
    assert present is not None
    assert present.tolist() == [False, True, True, True, True]


def test_a_folder_that_is_away_for_a_while_is_not_given_up(rng: np.random.Generator) -> None:
    ids, _ = add_library(30, rng)
    first, second = build(), build()
    expected = answer_ids(int(ids[0]))
    path = generation_folder(second.folder)
    away = path.rename(path.with_name("away"))
    during = run_query(for_image(int(ids[0])), WEIGHTS)
    assert during.generation_id == first.pk
    assert during.degraded is not None
    assert during.degraded.code == "previous_index_serves_meanwhile"
    assert second.folder in str(during.degraded)
    second.refresh_from_db()
    assert second.error_code == "index_absent"
    assert not rebuild_due(0)
    away.rename(path)
    after = run_query(for_image(int(ids[0])), WEIGHTS)
    assert (after.generation_id, after.degraded) == (second.pk, None)
    assert [result.image_id for result in after.results] == expected
    second.refresh_from_db()
    assert second.error_code == ""


def test_a_folder_that_stays_away_is_built_again(rng: np.random.Generator) -> None:
    ids, _ = add_library(30, rng)
    row = build()
    shutil.rmtree(generation_folder(row.folder))
    for _time in range(2):  # the second search must not begin the wait again
        assert run_query(for_image(int(ids[0])), WEIGHTS).generation_id is None
    assert not rebuild_due(0)
    since = Generation.objects.get(pk=row.pk).heartbeat_at
    Generation.objects.update(heartbeat_at=since - ABSENCE)
    assert rebuild_due(0)
    build()
    assert run_query(for_image(int(ids[0])), WEIGHTS).degraded is None


def test_a_folder_that_comes_back_damaged_is_given_up(rng: np.random.Generator) -> None:
    ids, _ = add_library(30, rng)
    row = build()
    path = generation_folder(row.folder)
    away = path.rename(path.with_name("away"))
    answer_ids(int(ids[0]))
    away.rename(path)
    damage(row, "color.vectors.npy", "flip", rng)
    answer_ids(int(ids[0]))
    row.refresh_from_db()
    assert row.error_code == "index_damaged"
    assert rebuild_due(0)


def test_a_generation_published_and_cleared_away_meanwhile_is_no_damage(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This process read which one is in use; before it opened it, two more were published and that one removed."""
    ids, _ = add_library(30, rng)
    stale = build()
    build()
    newest = build()
    assert not generation_folder(stale.folder).exists()
    rows = iter([stale])
    monkeypatch.setattr(snapshot, "active_generation", lambda: next(rows, None) or active_generation())
    snapshot.forget()
    answer = run_query(for_image(int(ids[0])), WEIGHTS)
    assert (answer.generation_id, answer.degraded) == (newest.pk, None)
    assert not Generation.objects.exclude(error_code="").exists()


def test_a_snapshot_is_the_same_until_something_changes(rng: np.random.Generator) -> None:
    ids, _ = add_library(12, rng)
    build()
    first = snapshot.current_snapshot()
    assert snapshot.current_snapshot() is first
    revisions.bump_revision()
    second = snapshot.current_snapshot()
    assert second is not first
    build()
    third = snapshot.current_snapshot()
    assert third.generation_id != second.generation_id
    assert [len(segment.image_ids) for segment in third.segments] == [len(ids), 0]


def test_what_was_handed_out_stays_as_it_was(rng: np.random.Generator) -> None:
    """A search that has begun goes on with its snapshot, though images come and go meanwhile."""
    ids, _ = add_library(12, rng)
    build()
    before = snapshot.current_snapshot()
    newer = add_library(3, rng)[0].tolist()
    Tombstone.objects.create(image_id=int(ids[0]))
    revisions.bump_revision()
    after = snapshot.current_snapshot()
    assert (before.num_images, after.num_images) == (12, 14)
    assert before.vectors_of(int(ids[0])) is not None
    assert after.vectors_of(int(ids[0])) is None
    assert before.vectors_of(newer[0]) is None
    assert after.vectors_of(newer[0]) is not None
