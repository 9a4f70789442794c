"""Damaged and absent generations: noticed, given up or waited for, while another way of searching serves."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from django.conf import LazySettings

from search.generations import snapshot
from search.generations.build import ABSENCE, build, rebuild_due
from search.models import Generation
from search.query.pipeline import for_image, run_query
from search.storage import generation_folder
from tests.search.generations.builds import WEIGHTS, adjust, answer_ids, damage, folders
from tests.search.library import add_library

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_generations")]


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
