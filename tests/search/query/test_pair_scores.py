"""How alike two images are, from stored vectors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection, Image
from gallery.signals import images_removed
from jobs.errors import sentence
from jobs.rows import JobState
from search.exceptions import FusionWeightsError, UnknownMethodError
from search.features import registry, wanted_rows
from search.generations import collection_calibration, snapshot
from search.generations.build import build
from search.methods import METHODS
from search.models import Feature
from search.query.pair_scores import score_pair, score_pairs
from search.query.pipeline import for_image, run_query
from search.scoring.fusion import DEFAULT_WEIGHTS
from search.types import Missing, Result
from tests.codes import refused
from tests.search.library import add_features, add_images, add_library, describe, pictures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_network")]
NAMES = ("color", "ssim", "texture", "phash", "local")


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    yield
    snapshot.forget()


@pytest.fixture
def ids(rng: np.random.Generator) -> list[int]:
    """Images of a generation, and some that are newer."""
    found = add_library(12, rng, NAMES)[0].tolist()
    build()
    return [*found, *add_library(4, rng, NAMES)[0].tolist()]


def searched(first: int, second: int) -> Result:
    answer = run_query(for_image(first), DEFAULT_WEIGHTS, k=20)
    return next(result for result in answer.results if result.image_id == second)


@pytest.mark.parametrize(("one", "other"), [(0, 1), (3, 14), (15, 2), (13, 12)])
def test_it_says_what_a_search_says(ids: list[int], one: int, other: int) -> None:
    found, expected = score_pair(ids[one], ids[other], DEFAULT_WEIGHTS), searched(ids[one], ids[other])
    assert found.score == pytest.approx(expected.score, abs=1e-5)  # sums of float32 in another order
    assert list(found.methods) == list(METHODS)
    for name in METHODS:
        method, reason = found.methods[name], expected.methods[name]
        if reason.raw is None:
            assert method.missing
            continue
        assert method.raw == pytest.approx(reason.raw, abs=1e-6)
        assert method.rarity == pytest.approx(reason.rarity, abs=1e-5)
        assert method.one_in == pytest.approx(reason.one_in, rel=1e-4)
        assert method.share == pytest.approx(reason.share, abs=1e-5)
        assert not method.missing


def test_many_pairs_are_scored_as_each_alone(ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [(first, second) for first in ids[:6] for second in ids if first != second]
    alone = [score_pair(*pair, DEFAULT_WEIGHTS) for pair in pairs]
    monkeypatch.setattr("search.query.pair_scores.CHUNK", 7)
    together = score_pairs(pairs, DEFAULT_WEIGHTS)
    assert [(score.first_id, score.second_id) for score in together] == pairs
    assert [score.score for score in together] == pytest.approx([score.score for score in alone])


def test_no_pairs_no_scores() -> None:
    assert score_pairs([], DEFAULT_WEIGHTS) == []


def test_it_asks_the_database_as_often_for_many_pairs_as_for_one(
    ids: list[int], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    score_pair(ids[0], ids[1], DEFAULT_WEIGHTS)
    with django_assert_num_queries(3):  # revision, generation, why the content method says nothing
        score_pair(ids[0], ids[1], DEFAULT_WEIGHTS)
    with django_assert_num_queries(3):
        score_pairs([(ids[0], second) for second in ids[1:]], DEFAULT_WEIGHTS)


def test_a_hidden_image_is_compared_by_what_is_stored(ids: list[int]) -> None:
    before = score_pair(ids[0], ids[1], DEFAULT_WEIGHTS)
    Image.objects.filter(pk=ids[1]).update(hidden=True)
    images_removed.send(sender=Image, image_ids=[ids[1]])
    after = score_pair(ids[0], ids[1], DEFAULT_WEIGHTS)
    assert after.score == pytest.approx(before.score)
    assert after.methods["local"].raw == before.methods["local"].raw


def test_what_is_missing_is_said_and_counts_for_nothing(ids: list[int], rng: np.random.Generator) -> None:
    bare = add_images(1)
    add_features(bare, describe(pictures(1, rng), rng, ["color"]))
    found = score_pair(ids[0], bare[0], DEFAULT_WEIGHTS)
    assert found.missing("color") == ""
    assert found.methods["ssim"].missing == Missing.NOT_COMPUTED
    assert found.absences["ssim"].image_id == bare[0]
    assert found.methods["ssim"].raw is None
    assert found.methods["deep"].missing == Missing.UNAVAILABLE
    assert found.absences["deep"].reason.code == registry.unavailable_methods()["deep"].code
    assert found.score == pytest.approx(found.methods["color"].rarity)
    assert found.methods["color"].share == pytest.approx(1)


def test_a_failed_feature_says_why(ids: list[int]) -> None:
    (bare,) = add_images(1)
    wanted_rows.ensure_rows([bare])
    Feature.objects.filter(image=bare, method="color").update(state=JobState.FAILED, error_code="corrupt")
    found = score_pair(bare, ids[0], DEFAULT_WEIGHTS)
    absence = found.absences["color"]
    assert (absence.code, absence.image_id, absence.reason.code) == (Missing.FAILED, bare, "corrupt")
    assert found.missing("color").endswith(sentence("corrupt"))


def test_rows_of_another_version_are_not_compared(ids: list[int], rng: np.random.Generator) -> None:
    (bare,) = add_images(1)
    Feature.objects.create(image_id=bare, method="color", version="older", state=JobState.READY, vector=b"")
    absence = score_pair(ids[0], bare, DEFAULT_WEIGHTS).absences["color"]
    assert (absence.code, absence.image_id) == (Missing.OTHER_VERSION, bare)


def test_an_image_without_keypoints_leaves_the_keypoints_out(ids: list[int], rng: np.random.Generator) -> None:
    (flat,) = add_images(1)
    add_features([flat], describe([np.full((48, 48, 3), 90, np.uint8)], rng, NAMES))
    found = score_pair(flat, ids[0], DEFAULT_WEIGHTS)
    assert found.methods["local"].missing == Missing.ABSTAINS
    assert found.absences["local"].reason.code == "too_few_keypoints"


def test_without_anything_there_is_no_score() -> None:
    first, second = add_images(2)
    found = score_pair(first, second, DEFAULT_WEIGHTS)
    assert found.score is None
    assert all(method.missing for method in found.methods.values())


def test_a_large_collection_has_its_own_pairs(ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection_calibration, "MIN_IMAGES", 5)
    collection = Collection.objects.create(name="some")
    collection.images.set(Image.objects.filter(pk__in=ids[:8]))
    found = score_pair(ids[0], ids[1], DEFAULT_WEIGHTS, collection_id=collection.pk)
    assert found.background == "collection"
    assert score_pair(ids[0], ids[1], DEFAULT_WEIGHTS).background == "library"


def test_its_state_is_json_and_complete(ids: list[int]) -> None:
    found = score_pair(ids[0], ids[1], DEFAULT_WEIGHTS).with_textbook({"color": 0.25})
    state = json.loads(json.dumps(found.as_state()))
    assert state["score"] == pytest.approx(found.score, abs=1e-6)
    assert state["weights"] == DEFAULT_WEIGHTS
    assert state["versions"] == dict(found.versions)
    assert state["generation"] == found.generation_id
    assert state["methods"]["color"]["guide"] == 0.25
    assert state["methods"]["ssim"]["guide"] is None
    assert set(state["methods"]["ssim"]) == {
        "weight", "version", "raw", "decades", "rarity", "one_in", "share", "guide", "missing"
    }  # fmt: skip
    assert state["methods"]["deep"]["missing"]["code"] == "not_available"
    assert state["methods"]["color"]["missing"] == ""


def test_unknown_methods_are_refused(ids: list[int]) -> None:
    with refused(UnknownMethodError, "unknown_method", name="taste"):
        score_pair(ids[0], ids[1], {"taste": 1})


def test_no_weight_at_all_is_refused(ids: list[int]) -> None:
    with refused(FusionWeightsError, "no_weight"):
        score_pairs([(ids[0], ids[1])], {})
