"""Backgrounds: a large collection is judged by its own random pairs, a small one by the library's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from cachetools import LRUCache
from numpy.typing import NDArray

from gallery.models import Collection
from search.generations import collection_calibration, snapshot
from search.generations.build import build
from search.methods.base import normalize_rows
from search.query.pipeline import for_image, run_query
from search.scoring.segments import fit_tables
from search.types import Answer
from tests.search.library import add_features, add_images
from tests.search.plug_ins import Gray, Picky

pytestmark = pytest.mark.django_db
NUM = 310


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    snapshot.forget()
    yield
    snapshot.forget()


def alike(rng: np.random.Generator, num: int) -> NDArray[np.float32]:
    """Return rows that lie close together, as X-ray images do by the standard of photographs."""
    return normalize_rows(1 + 0.05 * rng.random((num, 8)))


@pytest.fixture
def collection(plug_in_methods: Callable[..., None], rng: np.random.Generator) -> Collection:
    """A collection of images that are much alike, in a library of others; `picky` knows a few of them only."""
    plug_in_methods(Gray, Picky)
    members, others = add_images(NUM), add_images(400)
    add_features(members, {"gray": alike(rng, NUM)})
    add_features(others, {"gray": normalize_rows(rng.normal(size=(400, 8)))})
    add_features(others[:50] + members[:50], {"picky": normalize_rows(rng.normal(size=(100, 8)))})
    build()
    made = Collection.objects.create(name="X-rays")
    made.images.set(members)
    return made


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keep count of the tables that are fitted."""
    names: list[str] = []

    def counting(rows: Any, method: Any, *rest: Any) -> Any:
        names.append(method.name)
        return fit_tables(rows, method, *rest)

    monkeypatch.setattr(collection_calibration, "fit_tables", counting)
    return names


def search(collection: Collection | None, image_id: int, name: str = "gray") -> Answer:
    return run_query(for_image(image_id), {name: 1.0}, k=NUM - 11, collection_id=collection.pk if collection else None)


def claims(answer: Answer) -> list[float]:
    """Return how rare each result is said to be."""
    return [result.methods["gray"].one_in or 0 for result in answer.results]


def test_it_works(collection: Collection) -> None:
    first = collection.images.order_by("pk").values_list("pk", flat=True)[0]
    whole, part = search(None, first), search(collection, first)
    assert (whole.background, part.background) == ("library", "collection")
    assert [r.image_id for r in part.results] == [r.image_id for r in whole.results]
    usual, own = claims(whole), claims(part)
    assert min(usual) > 4  # a pair within the collection is one of five in the library
    assert own[150] == pytest.approx(2, abs=0.7)  # half of its own pairs are more alike
    assert own == sorted(own, reverse=True)


def test_a_small_collection_is_judged_by_the_library(collection: Collection) -> None:
    members = list(collection.images.order_by("pk").values_list("pk", flat=True))
    collection.images.remove(*members[299:])
    whole, part = search(None, members[0]), search(collection, members[0])
    assert part.background == "library"
    usual = {result.image_id: result.methods["gray"].one_in for result in whole.results}
    both = [result for result in part.results if result.image_id in usual]
    assert len(both) > 250
    assert all(result.methods["gray"].one_in == usual[result.image_id] for result in both)


def test_a_method_that_few_members_have_stays_with_the_library(collection: Collection) -> None:
    first = collection.images.order_by("pk").values_list("pk", flat=True)[0]
    whole, part = search(None, first, "picky"), search(collection, first, "picky")
    rarity = {result.image_id: result.methods["picky"].rarity for result in whole.results}
    both = [result for result in part.results if result.image_id in rarity]
    assert both
    assert all(result.methods["picky"].rarity == rarity[result.image_id] for result in both)


def test_tables_are_kept_until_the_collection_has_changed_much(collection: Collection, fits: list[str]) -> None:
    members = list(collection.images.order_by("pk").values_list("pk", flat=True))
    for _ in range(2):
        search(collection, members[0])
    assert fits == ["gray"]
    others = add_images(40)
    collection.images.add(*others[:20])
    search(collection, members[0])
    assert fits == ["gray"]
    collection.images.add(*others[20:])
    search(collection, members[0])
    assert fits == ["gray", "gray"]


def test_a_new_generation_makes_new_tables(collection: Collection, fits: list[str]) -> None:
    first = collection.images.order_by("pk").values_list("pk", flat=True)[0]
    search(collection, first)
    build()
    search(collection, first)
    assert fits == ["gray", "gray"]


def test_only_so_many_are_kept(collection: Collection, fits: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection_calibration, "_kept", LRUCache(1))
    members = list(collection.images.order_by("pk").values_list("pk", flat=True))
    twin = Collection.objects.create(name="twin")
    twin.images.set(members)
    for asked in (collection, twin, twin, collection):
        search(asked, members[0])
    assert fits == ["gray"] * 3


def test_scans_of_shorter_rows_are_judged_by_shorter_rows(
    plug_in_methods: Callable[..., None], rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A generation that scans fewer numbers a row: its collections have tables for those, too."""
    plug_in_methods(Gray)
    monkeypatch.setattr("search.generations.pca.MIN_NUMBERS", 0)
    ids = add_images(NUM)
    # Nearly all of what they differ in lies in two directions of eight.
    add_features(ids, {"gray": normalize_rows(1 + rng.normal(size=(NUM, 2)) @ rng.normal(size=(2, 8)) / 4)})
    build()
    whole = snapshot.current_snapshot()
    assert whole.segments[0].methods["gray"].basis is not None
    own, has_own = collection_calibration.within(whole, 7, np.array(ids))
    assert has_own
    tables = own.tables["gray"]
    assert tables.raw is not tables.scan
    assert (tables.raw.num_pairs, tables.scan.num_pairs) == (NUM * (NUM - 1) // 2,) * 2
    assert collection_calibration.within(whole, 7, np.array(ids[: collection_calibration.MIN_IMAGES - 1])) == (
        whole,
        False,
    )
