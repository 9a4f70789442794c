"""When a generation is built again, and that two builds do not get into each other's way."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.conf import LazySettings
from django.utils import timezone

from jobs.rows import JobState
from search.exceptions import GenerationError
from search.generations import build as generations_build
from search.generations.build import build, rebuild_due
from search.models import Generation, Tombstone
from tests.codes import refused
from tests.search.generations.builds import adjust
from tests.search.library import add_library

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_generations")]


def test_refuses_a_second_build_at_the_same_time(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    add_library(4, rng)
    monkeypatch.setattr(generations_build, "LOCK_SECONDS", 0)
    with generations_build._exclusive(0) as gained:
        assert gained
        with refused(GenerationError, "build_running"):
            build()
    build()


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
    assert (row.state, row.life, row.error_code) == (JobState.READY, Generation.Life.ACTIVE, "")
