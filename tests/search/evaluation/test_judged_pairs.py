"""Judged pairs: from labels, and from whoever registers."""

from __future__ import annotations

import numpy as np
import pytest

from gallery.models import Collection, Image
from search.evaluation import judged_pairs as evaluation_judged_pairs
from search.evaluation.judged_pairs import JudgedPairs, UnknownSourceError, judged_pairs, pairs_of_labels
from tests.codes import refused
from tests.search.library import add_images


def as_set(pairs: JudgedPairs) -> set[tuple[int, int, bool]]:
    return set(zip(pairs.first.tolist(), pairs.second.tolist(), pairs.same.tolist(), strict=True))


def test_it_works() -> None:
    pairs = pairs_of_labels(np.array([3, 5, 8, 9]), np.array(["b", "a", "b", "a"]), 100, 0)
    expected = {(3, 8, True), (5, 9, True), (3, 5, False), (3, 9, False), (5, 8, False), (8, 9, False)}
    assert as_set(pairs) == expected
    assert len(pairs) == 6
    assert pairs.first.dtype == np.int64


def test_more_pairs_than_wanted_are_drawn_at_random_but_always_the_same() -> None:
    ids = np.arange(100, 3100)
    labels = np.array([f"{number % 7}" for number in range(3000)])
    pairs = pairs_of_labels(ids, labels, 1000, 4)
    assert len(as_set(pairs)) == 1000
    assert np.count_nonzero(pairs.same) == 500
    assert np.all((labels[pairs.first - 100] == labels[pairs.second - 100]) == pairs.same)
    assert np.all(pairs.first < pairs.second)
    assert as_set(pairs) == as_set(pairs_of_labels(ids, labels, 1000, 4))
    assert as_set(pairs) != as_set(pairs_of_labels(ids, labels, 1000, 5))
    assert abs(pairs.first.mean() - 1100) < 60  # the smaller of two of 3000: a third of the way


@pytest.mark.parametrize("labels", [[], ["a"], ["a", "a"], ["a", "b"]])
def test_few_images_give_few_pairs(labels: list[str]) -> None:
    pairs = pairs_of_labels(np.arange(len(labels)), np.array(labels, np.str_), 10, 0)
    assert as_set(pairs) == ({(0, 1, labels[0] == labels[1])} if len(labels) == 2 else set())


@pytest.mark.django_db
def test_labels_of_the_library_count() -> None:
    red, blue = add_images(2, "red"), add_images(2, "blue")
    add_images(2)
    Image.objects.filter(pk__in=add_images(1, "red")).update(hidden=True)
    found = as_set(judged_pairs("labels"))
    assert {pair[:2] for pair in found if pair[2]} == {tuple(red), tuple(blue)}
    assert len(found) == 6


@pytest.mark.django_db
def test_a_collection_narrows() -> None:
    images = add_images(3, "red")
    collection = Collection.objects.create(name="some")
    collection.images.set(images[:2])
    assert as_set(judged_pairs("labels", collection_id=collection.pk)) == {(images[0], images[1], True)}


def test_an_unknown_source_is_named() -> None:
    with refused(UnknownSourceError, "no_such_judged_pairs", name="stars"):
        judged_pairs("stars")


def test_whoever_knows_pairs_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    def stars(*, collection_id: int | None, limit: int, seed: int) -> JudgedPairs:
        assert (collection_id, limit, seed) == (None, 7, 2)
        return JudgedPairs(np.array([1]), np.array([2]), np.array([True]))

    monkeypatch.setattr(evaluation_judged_pairs, "_sources", dict(evaluation_judged_pairs._sources))
    evaluation_judged_pairs.register("stars", stars)
    assert evaluation_judged_pairs.source_names()[-1] == "stars"
    assert as_set(judged_pairs("stars", limit=7, seed=2)) == {(1, 2, True)}
