"""Succession: raising a method's version never empties search; the change is made by one build, when all is there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from django.conf import LazySettings
from django.utils import timezone
from numpy.typing import NDArray

from gallery.models import Image
from jobs.rows import JobState
from search.background import reconciler
from search.background.wait_until_indexed import publish
from search.features import feature_counts, leases, registry, stored_vectors, wanted_rows
from search.features.version_rollout import (
    can_compare,
    is_complete,
    next_versions,
    pending_successions,
    served_versions,
)
from search.generations import build as generations_build
from search.generations import snapshot
from search.generations.build import build, rebuild_due
from search.methods.base import normalize_rows
from search.models import Feature, Generation, Query
from search.query.pipeline import for_image, for_upload, for_vectors, run_query
from search.types import Answer
from tests.search.library import add_features, add_images
from tests.search.plug_ins import Absent, Gray, Picky

pytestmark = pytest.mark.django_db
NUM = 60
WEIGHTS = {"gray": 1.0, "picky": 0.2}


@pytest.fixture
def library(plug_in_methods: Callable[..., None], rng: np.random.Generator) -> list[int]:
    """Sixty images with features of two methods in a generation."""
    plug_in_methods(Gray, Picky)
    ids = add_images(NUM)
    add_features(ids, {"gray": rows(rng, NUM), "picky": rows(rng, NUM)})
    build()
    return ids


@pytest.fixture
def raise_version(settings: LazySettings) -> Callable[[str], None]:
    """Give `gray` another version, as a start of new code or settings does."""

    def change(version: str) -> None:
        settings.SEARCH_METHOD_OPTIONS = {"gray": {"version": version}}
        restart()
        wanted_rows.ensure_rows()

    return change


def restart() -> None:
    """Forget what this process knows."""
    registry.methods.cache_clear()
    snapshot.forget()


def rows(rng: np.random.Generator, num: int) -> NDArray[np.float32]:
    return normalize_rows(rng.random((num, 8)))


def compute(ids: list[int], vectors: NDArray[np.float32]) -> None:
    add_features(ids, {"gray": vectors})


def fail(ids: list[int]) -> None:
    held = leases.lease(len(ids), ids)
    for image_id in ids:
        leases.fail(held, image_id, "gray", "corrupt")
    leases.release(held)


def put_off(ids: list[int]) -> None:
    held = leases.lease(len(ids), ids)
    for image_id in ids:
        leases.put_off(held, image_id)


def search(image_id: int) -> Answer:
    return run_query(for_image(image_id), WEIGHTS, k=NUM)


def with_gray(answer: Answer) -> set[int]:
    return {result.image_id for result in answer.results if result.methods["gray"].raw is not None}


def waiting() -> int:
    return feature_counts.counts()["gray"][JobState.WAITING]


def test_it_works(library: list[int], raise_version: Callable[[str], None], rng: np.random.Generator) -> None:
    before = search(library[0])
    raise_version("2")
    assert search(library[0]).results == before.results
    compute(library[:30], rows(rng, 30))
    assert not rebuild_due(waiting())
    restart()
    assert search(library[0]).results == before.results
    compute(library[30:], rows(rng, 30))
    assert search(library[0]).results == before.results
    assert rebuild_due(waiting())
    row = build()
    assert row.versions == {"gray": "2", "picky": "1"}
    after = search(library[0])
    assert with_gray(after) == set(library[1:])
    assert after.results != before.results
    assert not rebuild_due(0)


def test_a_build_in_between_keeps_the_old_version(
    library: list[int], raise_version: Callable[[str], None], rng: np.random.Generator
) -> None:
    before = search(library[0])
    raise_version("2")
    compute(library[:30], rows(rng, 30))
    assert reconciler.renew_generation() == 0
    assert build().versions == {"gray": "1", "picky": "1"}
    restart()
    assert search(library[0]).results == before.results
    publish(lambda _what, _num: None)  # does not wait for what cannot be published yet
    assert generations_build.active_generation() == Generation.objects.order_by("-pk").first()


def test_computing_a_new_version_asks_for_no_build(
    library: list[int], raise_version: Callable[[str], None], rng: np.random.Generator
) -> None:
    raise_version("2")
    compute(library[:59], rows(rng, 59))
    assert not rebuild_due(0)
    assert not rebuild_due(1)


def test_the_old_rows_go_after_the_switch(
    library: list[int], raise_version: Callable[[str], None], rng: np.random.Generator
) -> None:
    raise_version("2")
    compute(library, rows(rng, NUM))
    assert reconciler.renew_generation() == 0
    build()
    assert reconciler.renew_generation() == NUM
    assert set(Feature.objects.filter(method="gray").values_list("version", flat=True)) == {"2"}
    assert with_gray(search(library[0])) == set(library[1:])


def test_images_that_fail_do_not_hold_it_up(
    library: list[int], raise_version: Callable[[str], None], rng: np.random.Generator
) -> None:
    raise_version("2")
    compute(library[:57], rows(rng, 57))
    assert not is_complete("gray", "1", "2")
    fail(library[57:])
    assert is_complete("gray", "1", "2")
    assert rebuild_due(waiting())
    assert build().versions["gray"] == "2"
    assert with_gray(search(library[0])) == set(library[1:57])


def test_images_whose_originals_are_away_do_not_hold_it_up(
    library: list[int], raise_version: Callable[[str], None], rng: np.random.Generator
) -> None:
    raise_version("2")
    compute(library[:53], rows(rng, 53))
    put_off(library[53:])
    assert not is_complete("gray", "1", "2")  # too many: a disk is away
    wanted_rows.retry_failed(library[53:54])
    compute(library[53:54], rows(rng, 1))
    assert is_complete("gray", "1", "2")
    Feature.objects.filter(version="2").update(leased_until=timezone.now())
    leases.expire_leases()
    assert is_complete("gray", "1", "2")  # though they are about to be tried again


def test_a_version_that_fails_for_many_images_never_takes_over(
    library: list[int], raise_version: Callable[[str], None], rng: np.random.Generator
) -> None:
    before = search(library[0])
    raise_version("2")
    compute(library[:53], rows(rng, 53))
    fail(library[53:])
    assert not is_complete("gray", "1", "2")
    assert not rebuild_due(waiting())
    assert build().versions["gray"] == "1"
    assert search(library[0]).results == before.results
    wanted_rows.retry_failed(library[53:54])
    compute(library[53:54], rows(rng, 1))
    assert is_complete("gray", "1", "2")


def test_a_version_in_which_all_fail_is_never_used(library: list[int], raise_version: Callable[[str], None]) -> None:
    raise_version("2")
    fail(library)
    assert not is_complete("gray", "1", "2")
    assert not rebuild_due(0)
    assert build().versions["gray"] == "1"
    assert with_gray(search(library[0])) == set(library[1:])


def test_images_without_the_old_version_are_not_waited_for(
    library: list[int], raise_version: Callable[[str], None], rng: np.random.Generator
) -> None:
    raise_version("2")
    compute(library, rows(rng, NUM))
    Image.objects.filter(pk=library[0]).update(hidden=True)
    Feature.objects.filter(image=library[0], version="2").update(state=JobState.WAITING)
    add_images(1)
    wanted_rows.ensure_rows()
    assert is_complete("gray", "1", "2")


def test_rows_that_were_not_even_asked_for_are_waited_for(
    library: list[int], raise_version: Callable[[str], None], rng: np.random.Generator
) -> None:
    raise_version("2")
    compute(library, rows(rng, NUM))
    Feature.objects.filter(image=library[7], method="gray", version="2").delete()
    assert not is_complete("gray", "1", "2")


def test_new_images_lack_the_method_until_the_switch(
    library: list[int], raise_version: Callable[[str], None], rng: np.random.Generator
) -> None:
    raise_version("2")
    (new,) = add_images(1)
    add_features([new], {"gray": rows(rng, 1), "picky": rows(rng, 1)})
    found = {result.image_id: result for result in search(library[0]).results}
    assert found[new].methods["gray"].raw is None
    assert found[new].methods["picky"].raw is not None
    asked = search(new)
    assert with_gray(asked) == set()
    assert asked.missing_methods["gray"].code == "of_new_version"
    compute(library, rows(rng, NUM))
    build()
    assert with_gray(search(new)) == set(library)


def test_uploads_described_by_the_new_version_are_compared_once_it_serves(
    library: list[int], raise_version: Callable[[str], None], rng: np.random.Generator
) -> None:
    early = stored_vectors.pack_query({"gray": rows(rng, 1)[0], "picky": rows(rng, 1)[0]})
    raise_version("2")
    late = stored_vectors.pack_query({"gray": rows(rng, 1)[0], "picky": rows(rng, 1)[0]})
    queries = [
        Query.objects.create(sha256=str(place) * 64, original_name="q", state=JobState.READY, vectors=packed)
        for place, packed in enumerate((early, late))
    ]
    first, second = (run_query(for_upload(query.pk), WEIGHTS) for query in queries)
    assert with_gray(first)
    assert not first.missing_methods
    assert not with_gray(second)
    assert second.missing_methods["gray"].code == "of_new_version"
    compute(library, rows(rng, NUM))
    build()
    first, second = (run_query(for_upload(query.pk), WEIGHTS) for query in queries)
    assert first.missing_methods["gray"].code == "upload_of_other_version"
    assert with_gray(second)


def test_vectors_computed_here_are_of_the_current_version(
    library: list[int], raise_version: Callable[[str], None], rng: np.random.Generator
) -> None:
    raise_version("2")
    answer = run_query(for_vectors({"gray": rows(rng, 1)[0], "picky": rows(rng, 1)[0]}), WEIGHTS)
    assert not with_gray(answer)
    assert len(answer.results) == NUM


def test_going_back_before_the_switch_costs_nothing(
    library: list[int], raise_version: Callable[[str], None], rng: np.random.Generator
) -> None:
    before = search(library[0])
    raise_version("2")
    compute(library[:9], rows(rng, 9))
    raise_version("1")
    assert search(library[0]).results == before.results
    assert pending_successions(generations_build.active_generation() or Generation()) == {}
    assert reconciler.renew_generation() == NUM


def test_a_method_that_becomes_unavailable_keeps_its_version(
    library: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gray, "unavailable", Absent.unavailable)
    restart()
    active = generations_build.active_generation()
    assert served_versions(active) == next_versions(active) == {"picky": "1", "gray": "1"}
    assert build().versions["gray"] == "1"
    assert with_gray(search(library[0])) == set(library[1:])


def test_a_method_that_is_no_longer_registered_is_forgotten(
    library: list[int], plug_in_methods: Callable[..., None]
) -> None:
    plug_in_methods(Picky)
    restart()
    assert served_versions(generations_build.active_generation()) == {"picky": "1"}
    assert next_versions(generations_build.active_generation()) == {"picky": "1"}


def test_without_a_generation_the_current_versions_serve(plug_in_methods: Callable[..., None]) -> None:
    plug_in_methods(Gray)
    assert served_versions(None) == next_versions(None) == {"gray": "1"}


def test_rows_of_another_length_serve_as_long_as_they_can_be_compared(
    library: list[int], raise_version: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gray, "dim", 4)
    raise_version("2")
    assert with_gray(search(library[0])) == set(library[1:])

    def refuse(self: Gray, query: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.name == "gray":
            raise ValueError("rows of old")
        return np.asarray(vectors @ query, np.float32)

    monkeypatch.setattr(Gray, "scores", refuse)
    restart()
    assert not can_compare(registry.methods()["gray"], np.ones(8, np.float32))
    answer = search(library[0])
    assert len(answer.results) == NUM - 1
    assert not with_gray(answer)
    assert build().versions["gray"] == "1"
