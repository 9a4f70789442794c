"""Jobs called directly, and what is queued: hints only, so that a lost or doubled one changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gallery.curation import visibility
from gallery.models import Image
from jobs import transport
from search.background import tasks
from search.features import extraction, feature_counts, leases, revisions
from search.generations import build
from search.models import Feature, Generation, MapDrawing, Tombstone
from search.query.description import uploaded_query
from tests.search.plug_ins import Gray, Picky

pytestmark = pytest.mark.django_db
PlugIn = Callable[..., None]
Store = Callable[..., Image]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """Write down what would be sent to Redis."""
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr(transport, "send", lambda *what, job_id="": found.append(what) or True)
    monkeypatch.setattr(transport, "num_queued", lambda name: sum(what[0] == name for what in found))
    monkeypatch.setattr(transport, "queued_ids", lambda name: set())
    return found


def test_stored_images_are_wanted_and_announced_on_commit(
    plug_in_methods: PlugIn,
    stored_image: Store,
    sent: list[tuple[object, ...]],
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    plug_in_methods(Gray)
    with django_capture_on_commit_callbacks(execute=True):
        image = stored_image()
        assert Feature.objects.get().state == "waiting"
        assert sent == []
    assert sent == [("features", "search.background.tasks.extract_features", [image.pk])]


@pytest.mark.django_db(transaction=True)
def test_without_redis_images_are_stored_all_the_same(
    plug_in_methods: PlugIn, stored_image: Store, caplog: pytest.LogCaptureFixture
) -> None:
    plug_in_methods(Gray)
    image = stored_image()
    assert image.status == Image.Status.READY
    assert Feature.objects.get().state == "waiting"
    assert "could not queue search.background.tasks.extract_features" in caplog.text
    assert uploaded_query.send("0" * 32) is False
    assert tasks.enqueue_build() is False


def test_a_batch_is_extracted_and_the_rest_announced(
    plug_in_methods: PlugIn,
    stored_image: Store,
    sent: list[tuple[object, ...]],
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    plug_in_methods(Gray)
    for seed in range(35):
        stored_image(seed=seed, size=8)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.extract_features([])
    assert feature_counts.counts()["gray"]["ready"] == 32
    assert sent == [("features", "search.background.tasks.extract_features", [])]
    sent.clear()
    with django_capture_on_commit_callbacks(execute=True):
        tasks.extract_features([])
    assert feature_counts.counts()["gray"]["ready"] == 35
    assert sent == [("maintenance", "jobs.job.run", "generation", str(Generation.objects.get().pk))]


def test_a_job_run_again_changes_nothing(
    plug_in_methods: PlugIn, stored_image: Store, sent: list[tuple[object, ...]]
) -> None:
    plug_in_methods(Gray, Picky)
    image = stored_image()
    for _time in range(3):
        tasks.extract_features([image.pk])
    assert list(Feature.objects.values_list("method", "state", "attempts")) == [
        ("gray", "ready", 1),
        ("picky", "ready", 1),
    ]
    assert revisions.revision() == 1


def test_a_build_is_asked_for_once(
    plug_in_methods: PlugIn,
    stored_image: Store,
    sent: list[tuple[object, ...]],
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    plug_in_methods(Gray)
    stored_image()
    extraction.extract(leases.lease(32))
    for _time in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            assert tasks.enqueue_build()
    assert set(sent) == {("maintenance", "jobs.job.run", "generation", str(Generation.objects.get().pk))}


def test_what_there_is_nothing_to_build_from_says_so() -> None:
    row = build.ask()
    build.generation.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("failed", "nothing_to_build_from")


def test_maps_are_asked_for_once(
    sent: list[tuple[object, ...]], django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    for method in ("", "color", "", "color"):
        with django_capture_on_commit_callbacks(execute=True):
            assert tasks.enqueue_maps(method)
    row = MapDrawing.objects.get()
    assert row.methods == ["color"]
    assert set(sent) == {("maintenance", "jobs.job.run", "map_drawing", str(row.pk))}


def test_a_generation_is_built(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    stored_image()
    tasks.extract_features([])
    tasks.enqueue_build()
    build.generation.run(Generation.objects.get().pk)
    active = build.active_generation()
    assert active is not None
    assert active.num_images == 1
    assert active.revision == revisions.revision()


def test_hidden_images_are_buried_and_come_back_as_new(
    plug_in_methods: PlugIn, stored_image: Store, sent: list[tuple[object, ...]]
) -> None:
    plug_in_methods(Gray)
    image = stored_image()
    extraction.extract(leases.lease(32))
    before = revisions.revision()
    visibility.hide([image.pk], None)
    assert Tombstone.objects.get().image_id == image.pk
    assert revisions.revision() == before + 1
    visibility.unhide([image.pk], None)
    assert not Tombstone.objects.exists()
    assert Feature.objects.get().revision == revisions.revision() == before + 2


def test_deleted_images_are_buried(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    image_id = stored_image().pk
    visibility.trash([image_id], None)
    visibility.purge([image_id], None)
    assert Tombstone.objects.get().image_id == image_id
    assert not Feature.objects.exists()
