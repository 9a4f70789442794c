"""Generations: built beside the one in use, published in one step, and given up when damaged."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings

from gallery.models import Image
from jobs.rows import JobState
from search.exceptions import GenerationError
from search.features import registry, revisions
from search.generations import build as generations_build
from search.generations.build import build
from search.models import Feature, Generation, Tombstone
from search.query.pipeline import for_image, run_query
from search.storage import generation_folder, generations_folder
from tests.codes import refused
from tests.search.generations.builds import WEIGHTS, adjust, answer_ids, folders, opened
from tests.search.library import add_features, add_images, add_library, describe, pictures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_generations")]
Life = Generation.Life


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
def test_a_build_killed_anywhere_leaves_the_current_one_serving(
    prepare: Callable[[Path], None], tmp_path: Path
) -> None:
    """Killed at each write, sync, rename and commit in turn: search goes on, and the next build cleans up."""
    (tmp_path / "data").mkdir()
    prepare(tmp_path / "data")
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
