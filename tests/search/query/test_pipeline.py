"""The pipeline: from any kind of query to its answer, over the generation, the delta and the tombstones."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection, Image
from gallery.signals import images_removed, images_restored
from jobs.rows import JobState
from search.exceptions import FusionWeightsError, QueryError, UnknownMethodError
from search.features import stored_vectors
from search.generations import snapshot
from search.generations.build import build
from search.generations.snapshot import current_snapshot
from search.models import Feature, Query
from search.query.pipeline import for_image, for_upload, for_vectors, run_query
from search.scoring.fusion import DEFAULT_WEIGHTS
from tests.codes import refused
from tests.search.library import add_features, add_images, add_library, describe, pictures

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    yield
    snapshot.forget()


def found_ids(image_id: int, **options: int) -> list[int]:
    return [result.image_id for result in run_query(for_image(image_id), DEFAULT_WEIGHTS, **options).results]


@pytest.mark.usefixtures("without_network")
def test_it_works(rng: np.random.Generator) -> None:
    ids, _ = add_library(20, rng)
    row = build()
    answer = run_query(for_image(int(ids[3])), DEFAULT_WEIGHTS, k=5)
    assert [result.rank for result in answer.results] == [1, 2, 3, 4, 5]
    assert ids[3] not in [result.image_id for result in answer.results]
    assert answer.weights == DEFAULT_WEIGHTS
    assert (answer.generation_id, answer.num_images, answer.num_candidates) == (row.pk, 20, 19)
    assert answer.exact
    assert answer.degraded is None
    assert answer.missing_methods["deep"].code == "not_available"
    assert 0 < answer.seconds < 60
    assert set(answer.results[0].methods) == set(DEFAULT_WEIGHTS)


def test_search_works_before_the_first_generation(rng: np.random.Generator) -> None:
    ids, _ = add_library(12, rng)
    before = found_ids(int(ids[0]))
    assert len(before) == 11
    assert run_query(for_image(int(ids[0])), DEFAULT_WEIGHTS).generation_id is None
    build()
    assert found_ids(int(ids[0])) == before


def test_generation_and_delta_answer_as_one_generation_would(rng: np.random.Generator) -> None:
    ids, _ = add_library(30, rng)
    build()
    more, _ = add_library(10, rng)
    apart = {image_id: found_ids(int(image_id), k=5) for image_id in (*ids[:3], *more[:3])}
    assert current_snapshot().num_images == 40
    build()
    for image_id, expected in apart.items():
        together = found_ids(int(image_id), k=5)
        assert len(set(together) & set(expected)) >= 4  # the calibration has changed, hardly the order


def test_a_new_image_is_found_at_once_and_a_removed_one_never(rng: np.random.Generator) -> None:
    ids, vectors = add_library(15, rng)
    build()
    query = {name: rows[0] for name, rows in vectors.items()}

    def ask() -> list[int]:
        return [result.image_id for result in run_query(for_vectors(query), DEFAULT_WEIGHTS).results]

    assert ask()[0] == ids[0]
    twin = add_images(1)
    add_features(twin, {name: rows[:1] for name, rows in vectors.items()})
    assert set(ask()[:2]) == {ids[0], twin[0]}
    for image_id in (int(ids[0]), twin[0]):
        Image.objects.filter(pk=image_id).update(hidden=True)
        images_removed.send(sender=Image, image_ids=[image_id])
        assert image_id not in ask()
    assert current_snapshot().num_images == 14
    for image_id in (int(ids[0]), twin[0]):
        Image.objects.filter(pk=image_id).update(hidden=False)
        images_restored.send(sender=Image, image_ids=[image_id])
    assert set(ask()[:2]) == {ids[0], twin[0]}


def test_an_image_hidden_during_a_build_comes_back_when_shown(rng: np.random.Generator) -> None:
    ids, _ = add_library(10, rng)
    Image.objects.filter(pk=ids[4]).update(hidden=True)
    images_removed.send(sender=Image, image_ids=[int(ids[4])])
    build()
    assert ids[4] not in found_ids(int(ids[0]))
    Image.objects.filter(pk=ids[4]).update(hidden=False)
    images_restored.send(sender=Image, image_ids=[int(ids[4])])
    assert ids[4] in found_ids(int(ids[0]))


def test_a_feature_that_comes_later_joins_the_others(rng: np.random.Generator) -> None:
    ids = add_images(8)
    vectors = describe(pictures(8, rng), rng, ["color", "ssim", "texture"])
    texture = vectors.pop("texture")
    add_features(ids, vectors)
    build()
    assert run_query(for_image(ids[0]), {"texture": 1}).results == []
    add_features(ids, {"texture": texture})
    answer = run_query(for_image(ids[0]), {"texture": 1, "color": 1})
    assert len(answer.results) == 7
    assert all(result.methods[name].raw is not None for result in answer.results for name in ("color", "texture"))


def test_a_collection_is_searched_alone(rng: np.random.Generator) -> None:
    ids, _ = add_library(12, rng)
    build()
    more, _ = add_library(3, rng)
    collection = Collection.objects.create(name="some")
    collection.images.set([int(i) for i in (*ids[:4], more[0])])
    assert sorted(found_ids(int(ids[0]), collection_id=collection.pk)) == [*ids[1:4], more[0]]
    assert sorted(found_ids(int(ids[7]), collection_id=collection.pk)) == [*ids[:4], more[0]]
    empty = Collection.objects.create(name="none")
    assert found_ids(int(ids[0]), collection_id=empty.pk) == []


def test_an_uploaded_query_is_answered_by_its_vectors(rng: np.random.Generator) -> None:
    ids, vectors = add_library(10, rng)
    build()
    packed = stored_vectors.pack_query({name: rows[6] for name, rows in vectors.items()})
    query = Query.objects.create(sha256="0" * 64, original_name="q.png", state=JobState.READY, vectors=packed)
    assert run_query(for_upload(query.pk), DEFAULT_WEIGHTS).results[0].image_id == ids[6]


@pytest.mark.parametrize(
    ("state", "code"), [(JobState.WAITING, "query_not_described_yet"), (JobState.FAILED, "query_failed")]
)
def test_refuses_an_upload_without_features(state: str, code: str) -> None:
    query = Query.objects.create(sha256="0" * 64, original_name="q.png", state=state, error_code="truncated")
    with refused(QueryError, code):
        for_upload(query.pk)


def test_refuses_an_upload_that_is_gone() -> None:
    with refused(QueryError, "query_expired"):
        for_upload(uuid.uuid4())


def test_refuses_images_that_are_unknown_or_not_described_yet(rng: np.random.Generator) -> None:
    (image_id,) = add_images(1)
    with refused(QueryError, "image_not_described_yet", id=image_id):
        run_query(for_image(image_id), DEFAULT_WEIGHTS)
    with refused(QueryError, "no_image", id=999):
        run_query(for_image(999), DEFAULT_WEIGHTS)


def test_refuses_weights_that_say_nothing(rng: np.random.Generator) -> None:
    with pytest.raises(FusionWeightsError):
        run_query(for_image(1), {"color": 0})
    with pytest.raises(UnknownMethodError):
        run_query(for_image(1), {"colour": 1})


def test_a_hidden_image_may_still_ask(rng: np.random.Generator) -> None:
    ids, _ = add_library(6, rng)
    Image.objects.filter(pk=ids[0]).update(hidden=True)
    images_removed.send(sender=Image, image_ids=[int(ids[0])])
    build()
    assert sorted(found_ids(int(ids[0]))) == ids[1:].tolist()


def test_a_failed_method_is_missing_with_its_reason(rng: np.random.Generator) -> None:
    ids = add_images(4)
    vectors = describe(pictures(4, rng), rng, ["color", "ssim"])
    add_features(ids, vectors)
    Feature.objects.filter(image=ids[0], method="texture").update(
        state=JobState.FAILED, error_code="message", error_params={"text": "too dark"}
    )
    answer = run_query(for_image(ids[0]), DEFAULT_WEIGHTS)
    assert answer.missing_methods["texture"].params == {"text": "too dark"}
    assert run_query(for_image(ids[1]), DEFAULT_WEIGHTS).missing_methods["texture"].code == "not_computed_yet"


def test_vectors_of_another_version_are_not_compared(rng: np.random.Generator) -> None:
    _, vectors = add_library(5, rng)
    build()
    query = {"color": np.ones(7, np.float32), "ssim": vectors["ssim"][0]}
    answer = run_query(for_vectors(query), DEFAULT_WEIGHTS)
    assert answer.missing_methods["color"].code == "upload_of_other_version"
    assert len(answer.results) == 5


def test_it_asks_the_database_little(
    rng: np.random.Generator, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    ids, _ = add_library(10, rng)
    build()
    found_ids(int(ids[0]))
    with django_assert_max_num_queries(3):
        found_ids(int(ids[1]))


def test_the_snapshot_stays_the_same_until_something_changes(rng: np.random.Generator) -> None:
    add_library(5, rng)
    build()
    first = current_snapshot()
    assert current_snapshot() is first
    add_library(1, rng)
    second = current_snapshot()
    assert second is not first
    build()
    assert current_snapshot().generation_id != second.generation_id


@pytest.mark.slow
def test_queries_go_on_while_generations_are_swapped(prepare: Callable[[Path], None], tmp_path: Path) -> None:
    """Four processes query while 15 generations are built: no error, none degraded, no answer of two generations."""
    (tmp_path / "data").mkdir()
    prepare(tmp_path / "data")
    environment = os.environ | {
        "DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    program = [sys.executable, "-m", "tests.search.swapped_builds", "15"]
    done = subprocess.run(program, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    _swaps, num_answers, num_generations = map(int, done.stdout.split())
    assert num_answers > 15
    assert num_generations > 3
