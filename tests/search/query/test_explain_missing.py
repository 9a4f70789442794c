"""Where an image stands among the answers to another, and why it was not found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser
from numpy.typing import NDArray

from gallery.models import Collection, Image
from gallery.signals import images_removed
from search.exceptions import FusionWeightsError, QueryError
from search.features import registry
from search.generations import snapshot
from search.generations.build import build
from search.methods.base import normalize_rows
from search.models import Tombstone
from search.query import answer, explain_missing
from search.query.explain_missing import Place, find_place
from search.query.pipeline import for_image, run_query
from search.query.request import GalleryImage, ScoreRange, SearchRequest
from tests.codes import refused
from tests.search.library import add_features, add_images, add_library

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_methods")]
WEIGHTS = {"color": 0.5, "ssim": 0.3, "texture": 0.2}


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    yield
    snapshot.forget()


@pytest.fixture
def ids(rng: np.random.Generator) -> list[int]:
    """Images of a generation, and some that are newer."""
    found = add_library(14, rng)[0].tolist()
    build()
    return [*found, *add_library(4, rng)[0].tolist()]


def place_of(query_id: int, target_id: int, **about: Any) -> Place:
    about = {"weights": WEIGHTS, "most": 100} | about
    return find_place(SearchRequest((GalleryImage(query_id),), **about), target_id)


def unit(rng: np.random.Generator, num: int, dim: int) -> NDArray[np.float32]:
    return normalize_rows(rng.normal(size=(num, dim)))


def ranked(query_id: int) -> list[int]:
    return [result.image_id for result in run_query(for_image(query_id), WEIGHTS, k=100).results]


def test_it_works(ids: list[int]) -> None:
    order = ranked(ids[0])
    place = place_of(ids[0], order[4])
    assert place.found is not None
    assert (place.rank, place.num_images, place.num_candidates, place.exact) == (5, 18, 17, True)
    assert place.reasons == []
    assert set(place.methods) == {"color", "ssim", "texture"}
    assert place.missing["deep"].code == "not_available"
    assert place.degraded is None


def test_the_ranks_of_methods_are_those_of_all_images(ids: list[int]) -> None:
    results = run_query(for_image(ids[0]), {"color": 1.0}, k=100).results
    for result in (results[0], results[7], results[-1]):
        place = place_of(ids[0], result.image_id, weights={"color": 1.0})
        assert place.methods["color"].rank == result.methods["color"].rank
        assert place.methods["color"].num_images == 17
        assert place.methods["color"].near is None


def test_it_tells_where_the_image_lies(ids: list[int]) -> None:
    assert place_of(ids[0], ids[1]).lies == "generation"
    assert place_of(ids[0], ids[-1]).lies == "delta"
    assert place_of(ids[-1], ids[-2]).lies == "delta"


@pytest.mark.parametrize(
    ("scores", "code", "limit"),
    [
        (ScoreRange(lowest=99.5), "score_below_threshold", "99.5"),
        (ScoreRange(highest=0.0), "score_above_threshold", "0"),
    ],
)
def test_a_score_beyond_the_threshold_is_named(ids: list[int], scores: ScoreRange, code: str, limit: str) -> None:
    place = place_of(ids[0], ranked(ids[0])[0], scores=scores)
    assert place.found is not None
    score = f"{100 * place.found.score:.1f}"
    assert (place.reasons[0].code, place.reasons[0].params) == (code, {"score": score, "limit": limit})


def test_others_may_be_more_alike(ids: list[int]) -> None:
    last = ranked(ids[0])[-1]
    place = place_of(ids[0], last, most=3)
    assert place.found is None
    assert place.rank is not None
    assert place.rank > 3
    assert [(reason.code, reason.params) for reason in place.reasons] == [("others_more_alike", {"most": 3})]


def test_the_rough_comparison_may_leave_it_out(ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain_missing, "RERANK_DEPTH", 4)
    place = place_of(ids[0], ranked(ids[0])[-1], most=3)
    assert (place.reasons[0].code, place.reasons[0].params["depth"]) == ("beyond_rerank_depth", 4)


def test_an_index_may_not_bring_it_up(ids: list[int], settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    order = ranked(ids[0])
    settings.ENV = settings.ENV.model_copy(update={"exact_search_max_images": 0})
    build()  # with indexes
    monkeypatch.setattr(explain_missing, "RERANK_DEPTH", 2)
    monkeypatch.setattr(answer, "run_query", lambda *args, **about: run_query(*args, **(about | {"rerank_depth": 2})))
    places = [place_of(ids[0], each, most=2) for each in reversed(order)]
    place = next(each for each in places if not any(method.near for method in each.methods.values()))
    assert not place.exact
    assert [each.near for each in place.methods.values()] == [False] * len(place.methods)
    assert place.reasons[0].code == "not_brought_up"
    first = place_of(ids[0], order[0], most=2)
    assert any(each.near for each in first.methods.values())


def test_a_hidden_image_is_found_by_nobody(ids: list[int]) -> None:
    Image.objects.filter(pk=ids[1]).update(hidden=True)
    images_removed.send(sender=Image, image_ids=[ids[1]])
    place = place_of(ids[0], ids[1])
    assert (place.found, place.rank, place.lies) == (None, None, "")
    assert place.reasons[0].code == "image_hidden"
    assert place_of(ids[1], ids[0]).found is not None  # a hidden one may be searched for


def test_a_tombstone_is_named(ids: list[int]) -> None:
    images_removed.send(sender=Image, image_ids=[ids[1]])
    assert Tombstone.objects.exists()
    assert place_of(ids[0], ids[1]).reasons[0].code == "image_counted_as_removed"


def test_an_image_without_features_is_named(ids: list[int]) -> None:
    (bare,) = add_images(1)
    assert place_of(ids[0], bare).reasons[0].code == "image_without_features"
    with refused(QueryError, "image_not_described_yet", id=bare):
        place_of(bare, ids[0])


def test_an_image_that_is_gone_is_named(ids: list[int]) -> None:
    assert place_of(ids[0], 10**9).reasons[0].code == "image_gone"


def test_an_image_outside_the_collection_is_named(ids: list[int]) -> None:
    collection = Collection.objects.create(name="few")
    collection.images.set(ids[:5])
    inside = place_of(ids[0], ids[3], collection=collection)
    outside = place_of(ids[0], ids[9], collection=collection)
    assert inside.found is not None
    assert inside.methods["color"].num_images == 4
    assert outside.reasons[0].code == "image_outside_collection"


def test_within_a_collection_its_own_calibration_ranks(rng: np.random.Generator) -> None:
    """Members much alike in color: by the library's random pairs color decides, by their own texture has its say."""
    others = add_images(250)
    add_features(others, {name: unit(rng, 250, registry.methods()[name].dim) for name in ("color", "texture")})
    members = add_images(310)
    alike = normalize_rows(1 + 0.1 * rng.random((310, registry.methods()["color"].dim)))
    add_features(members, {"color": alike, "texture": unit(rng, 310, registry.methods()["texture"].dim)})
    build()
    collection = Collection.objects.create(name="alike")
    collection.images.set(members)
    weights = {"color": 0.5, "texture": 0.5}
    asked = for_image(members[0])
    order = [r.image_id for r in run_query(asked, weights, k=309, collection_id=collection.pk).results]
    usual = [r.image_id for r in run_query(asked, weights, k=400).results if r.image_id in set(members)]
    for target in order[5::60]:
        rank = place_of(members[0], target, weights=weights, collection=collection, most=3).rank
        assert rank is not None
        assert abs(rank - (order.index(target) + 1)) <= 5  # the estimate looks scores up a little more coarsely
    assert max(abs(order.index(each) - usual.index(each)) for each in order[5::60]) > 25  # by the library's pairs


def test_an_index_is_asked_for_those_that_may_be_found(
    ids: list[int], settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a collection an index looks among its images: what is far in the library may be near in there."""
    order = [result.image_id for result in run_query(for_image(ids[0]), {"color": 1.0}, k=100).results]
    collection = Collection.objects.create(name="far")
    collection.images.set([ids[0], *order[-6:]])
    settings.ENV = settings.ENV.model_copy(update={"exact_search_max_images": 4})
    build()  # with indexes
    monkeypatch.setattr(explain_missing, "RERANK_DEPTH", 3)
    depth = {"rerank_depth": 3}
    monkeypatch.setattr(answer, "run_query", lambda *args, **about: run_query(*args, **(about | depth)))
    near = place_of(ids[0], order[-6], weights={"color": 1.0}, collection=collection, most=3)
    assert near.methods["color"].near is not False


def test_what_nobody_may_see_is_not_counted(ids: list[int]) -> None:
    closed = Collection.objects.create(name="closed", private=True)
    closed.images.set(ids[5:10])
    Image.objects.filter(pk__in=ids[5:10]).update(common=False)
    images_removed.send(sender=Image, image_ids=[])  # the library's revision moves, as when this is done by people
    place = place_of(ids[0], ids[1], viewer=AnonymousUser())
    assert place.num_images == 13
    assert place.methods["color"].num_images == 12


def test_a_weight_of_a_method_that_is_missing_finds_nothing(ids: list[int]) -> None:
    place = place_of(ids[0], ids[1], weights={"deep": 1.0})
    assert place.found is None
    assert place.reasons[0].code == "no_method_about_both"


def test_no_weight_at_all_is_refused(ids: list[int]) -> None:
    with refused(FusionWeightsError, "no_weight"):
        place_of(ids[0], ids[1], weights={})
