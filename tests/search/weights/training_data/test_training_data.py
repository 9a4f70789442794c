"""What weights are learned from: queries by labels, by copies and by judged pairs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings

from gallery.models import Collection, Image
from review.verdicts.record import record
from search.evaluation.judged_pairs import JudgedPairs
from search.exceptions import SearchError
from search.generations import snapshot
from search.weights.learning import LabelledQuerySet
from search.weights.training_data import TrainingData, gather, source_names
from search.weights.training_data.from_copies import COPIES_PER_IMAGE, NUM_EDITS, make_copies
from search.weights.training_data.from_labels import IMAGES_PER_LABEL, POOL_IMAGES, draw_places
from search.weights.training_data.from_verdicts import choose_hubs, deal_out
from tests.codes import refused
from tests.search.library import add_images, add_library
from tests.search.scenes import METHODS, store_scenes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    yield
    snapshot.forget()


def ask(*sources: str, collection_id: int | None = None, most: int = 50) -> TrainingData:
    return gather(sources, collection_id, most, lambda what, done, total: None)


def test_labels_ask_for_the_others_of_their_label(rng: np.random.Generator) -> None:
    store_scenes(rng)
    data = ask("labels")
    assert data.names == list(METHODS)
    assert data.num_images == 12
    assert len(data.sets["labels"]) == 12
    for query in data.sets["labels"]:
        assert query.rarities.shape == (2, 11)  # not the query itself
        assert query.relevant.sum() == 3
    assert {query.group for query in data.sets["labels"]} == {"dawn", "noon", "dusk"}
    found = LabelledQuerySet(data.sets["labels"]).average_precisions(np.array([0.5, 0.5]))
    assert found.mean() > 0.8


def test_a_collection_and_a_limit_narrow(rng: np.random.Generator) -> None:
    images = store_scenes(rng)
    some = Collection.objects.create(name="some")
    some.images.set([image for image in images if image.label != "dusk"])
    assert ask("labels", collection_id=some.pk).num_images == 8
    assert len(ask("labels", most=5).sets["labels"]) == 5


def test_a_method_that_some_images_lack_says_nothing_there(rng: np.random.Generator) -> None:
    add_library(3, rng, ["color", "ssim"], label="one")
    add_library(3, rng, ["color"], label="other")
    rarities = np.array([query.rarities for query in ask("labels").sets["labels"]])
    assert not np.isnan(rarities[:, 0]).any()
    assert np.isnan(rarities[3:, 1]).all()
    assert np.isnan(rarities[:3, 1]).sum(axis=1).tolist() == [3, 3, 3]


def test_one_label_teaches_nothing(rng: np.random.Generator) -> None:
    add_library(4, rng, ["color"], label="same")
    with refused(SearchError, "too_few_labels", num=1):
        ask("labels")


def test_an_empty_gallery_teaches_nothing() -> None:
    with refused(SearchError, "too_few_labels", num=0):
        ask("labels")
    with refused(SearchError, "too_few_to_learn_from_copies", least=10, num=0):
        ask("copies")
    with refused(SearchError, "too_few_judged_pairs", source="verdicts", same=0, different=0):
        ask("verdicts")


def test_of_large_libraries_whole_labels_are_drawn(rng: np.random.Generator) -> None:
    labels = np.array([f"{number % 100}" for number in range(30 * 100)] + ["crowd"] * 500)
    places = draw_places(labels, rng)
    _values, counts = np.unique(labels[places], return_counts=True)
    assert POOL_IMAGES - IMAGES_PER_LABEL < len(places) <= POOL_IMAGES
    assert set(counts.tolist()) <= {30, IMAGES_PER_LABEL}
    assert np.all(np.diff(places) > 0)


def test_labels_of_one_image_come_after_those_that_can_be_asked_by(rng: np.random.Generator) -> None:
    labels = np.array([f"name {number}" for number in range(3 * POOL_IMAGES)] + ["dawn", "noon"] * 5)
    places = draw_places(labels, rng)
    assert len(places) == POOL_IMAGES
    assert set(places[-10:].tolist()) == set(range(3 * POOL_IMAGES, 3 * POOL_IMAGES + 10))


def test_copies_ask_for_their_originals(rng: np.random.Generator) -> None:
    images = store_scenes(rng)
    data = ask("copies", most=6)
    assert data.names == list(METHODS)
    assert {name: len(each) for name, each in data.sets.items()} == dict.fromkeys(NUM_EDITS, 6)
    assert {query.relevant.sum() for each in data.sets.values() for query in each} == {1}
    assert {query.group for query in data.sets["copies"]} <= {str(image.pk) for image in images}
    assert len({query.group for query in data.sets["copies"]}) == 6 // COPIES_PER_IMAGE
    found = LabelledQuerySet(data.sets["copies"]).average_precisions(np.array([0.5, 0.5]))
    assert found.mean() > 0.3


def test_images_of_the_same_pixels_are_neither_right_nor_wrong(rng: np.random.Generator) -> None:
    images = store_scenes(rng)
    Image.objects.filter(pk__in=[image.pk for image in images]).update(pixels_sha256="same")
    assert all(len(query.relevant) == 1 for query in ask("copies", most=3).sets["copies"])


def test_copies_are_the_same_each_time(rng: np.random.Generator) -> None:
    pixels = rng.integers(0, 256, (40, 60, 3), np.uint8)
    copies, again = make_copies(pixels, 4), make_copies(pixels, 4)
    for name, each in copies.items():
        assert len(each) == COPIES_PER_IMAGE
        assert all(np.array_equal(one, other) for one, other in zip(each, again[name], strict=True))
    assert not any(np.array_equal(one, pixels) for one in copies["strong_copies"])


def test_verdicts_ask_which_pairs_belong_together(rng: np.random.Generator) -> None:
    images = store_scenes(rng)
    for one, other in combinations(images, 2):
        kind = "same" if one.label == other.label else "different"
        record(one.sha256, other.sha256, kind, author_name="ada")
    data = ask("verdicts")
    asked = data.sets["verdicts"]
    assert sum(len(query.relevant) for query in asked) == 66
    assert sum(query.relevant.sum() for query in asked) == 18
    assert len({query.group for query in asked}) == len(asked) > 1
    assert LabelledQuerySet(asked).average_precisions(np.array([0.5, 0.5])).mean() > 0.8


def test_too_few_verdicts_teach_nothing(rng: np.random.Generator) -> None:
    images = store_scenes(rng)
    for one, other in combinations(images, 2):
        if one.label == other.label:
            record(one.sha256, other.sha256, "same", author_name="ada")
    with refused(SearchError, "too_few_judged_pairs", least=10, same=18, different=0):
        ask("verdicts")


def test_sources_can_be_learned_from_together(rng: np.random.Generator) -> None:
    store_scenes(rng)
    data = ask("labels", "copies", "labels", most=6)
    assert list(data.sets) == ["labels", *NUM_EDITS]
    assert set(data.versions) == set(METHODS)


@pytest.mark.parametrize("sources", [["stars"], ["labels", "stars"], []])
def test_other_sources_are_named(sources: list[str]) -> None:
    with refused(SearchError, "no_such_source", expected=["labels", "copies", "verdicts"]):
        ask(*sources)
    assert source_names() == ["labels", "copies", "verdicts"]


def test_images_without_features_are_left_out(rng: np.random.Generator) -> None:
    store_scenes(rng)
    add_images(3, "dawn")
    assert {len(query.relevant) for query in ask("labels").sets["labels"]} == {11}


def pairs(*rows: tuple[int, int, bool]) -> JudgedPairs:
    first, second, same = zip(*rows, strict=True)
    return JudgedPairs(np.array(first), np.array(second), np.array(same))


def test_the_hub_of_a_pair_is_what_was_compared_more_often() -> None:
    judged = pairs((1, 9, True), (2, 9, True), (3, 9, False), (1, 2, False))
    assert choose_hubs(judged).tolist() == [9, 9, 9, 1]


def test_pairs_of_a_hub_stay_together_and_blocks_hold_both_kinds(rng: np.random.Generator) -> None:
    hubs = np.repeat(np.arange(30), 4)
    same = np.arange(120) % 4 == 0
    known = np.ones(120, bool)
    known[-3:] = False
    blocks = deal_out(hubs, same, known, rng)
    assert blocks[-3:].tolist() == [-1, -1, -1]
    assert all(len(np.unique(blocks[known & (hubs == hub)])) == 1 for hub in range(30))
    for block in range(int(blocks.max()) + 1):
        assert same[blocks == block].any()
        assert not same[blocks == block].all()
