"""What was left behind is taken up again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from gallery.models import Image
from jobs import periodic, transport
from search.features import extraction, leases, registry, wanted_rows
from search.generations import build
from search.models import Feature, Generation, Query
from tests.gallery.blob_files import query_path
from tests.search.plug_ins import Gray, Picky

pytestmark = pytest.mark.django_db(transaction=True)
PlugIn = Callable[..., None]
Store = Callable[..., Image]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """Write down what would be sent to Redis."""
    found: list[tuple[object, ...]] = []

    def send(*what: object, job_id: str = "") -> bool:
        found.extend([] if "audit_check" in what else [what])  # one a day, in the first round
        return True

    monkeypatch.setattr(transport, "send", send)
    monkeypatch.setattr(transport, "num_queued", lambda name: sum(what[0] == name for what in found))
    monkeypatch.setattr(transport, "queued_ids", lambda name: set())
    return found


def make_query(**values: object) -> Query:
    created_at = values.pop("created_at", timezone.now())
    query = Query.objects.create(sha256="0" * 64, original_name="a.png", **values)
    Query.objects.filter(pk=query.pk).update(created_at=created_at, heartbeat_at=created_at)
    query_path(query.pk).parent.mkdir(parents=True, exist_ok=True)
    query_path(query.pk).write_bytes(b"kept")
    return query


def test_nothing_to_do_does_nothing(plug_in_methods: PlugIn, sent: list[tuple[object, ...]]) -> None:
    plug_in_methods(Gray)
    periodic.reconcile()
    assert sent == []


def test_without_redis_it_goes_through(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    stored_image()
    make_query(created_at=timezone.now() - timedelta(minutes=1))
    periodic.reconcile()
    assert Feature.objects.get().state == "waiting"


def test_features_of_dead_workers_are_wanted_and_announced_again(
    plug_in_methods: PlugIn, stored_image: Store, sent: list[tuple[object, ...]]
) -> None:
    plug_in_methods(Gray)
    stored_image()
    leases.lease(32)
    Feature.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    sent.clear()
    periodic.reconcile()
    assert Feature.objects.get().state == "waiting"
    assert sent == [("features", "search.background.tasks.extract_features", [])]


def test_rows_that_are_missing_are_made(
    plug_in_methods: PlugIn, stored_image: Store, sent: list[tuple[object, ...]]
) -> None:
    plug_in_methods(Gray)
    stored_image()
    plug_in_methods(Gray, Picky)
    periodic.reconcile()
    assert Feature.objects.filter(method="picky", state="waiting").count() == 1


def test_lost_queries_are_queued_again(plug_in_methods: PlugIn, sent: list[tuple[object, ...]]) -> None:
    plug_in_methods(Gray)
    now = timezone.now()
    late = make_query(created_at=now - timedelta(minutes=1))
    make_query(created_at=now)
    make_query(state="ready", created_at=now - timedelta(minutes=1))
    held = make_query(state="running", attempts=1, leased_until=now - timedelta(seconds=1))
    make_query(state="running", attempts=1, leased_until=now + timedelta(minutes=1))
    tired = make_query(state="running", attempts=3, leased_until=now - timedelta(seconds=1))
    periodic.reconcile()
    assert {what[3] for what in sent} == {str(late.pk), str(held.pk)}
    tired.refresh_from_db()
    assert (tired.state, tired.error_code) == ("failed", "worker_lost")


def test_queries_are_forgotten_after_a_day(plug_in_methods: PlugIn, sent: list[tuple[object, ...]]) -> None:
    plug_in_methods(Gray)
    old = make_query(state="ready", created_at=timezone.now() - timedelta(hours=25))
    young = make_query(state="ready", created_at=timezone.now() - timedelta(hours=23))
    periodic.reconcile()
    assert list(Query.objects.values_list("pk", flat=True)) == [young.pk]
    assert not query_path(old.pk).exists()
    assert query_path(young.pk).exists()


def test_uploads_that_were_cut_off_are_finished(
    plug_in_methods: PlugIn, stored_image: Store, sent: list[tuple[object, ...]]
) -> None:
    plug_in_methods(Gray)
    image = stored_image()
    Feature.objects.all().delete()
    Image.objects.filter(pk=image.pk).update(
        status=Image.Status.PENDING, uploaded_at=timezone.now() - timedelta(minutes=5)
    )
    periodic.reconcile()
    image.refresh_from_db()
    assert image.status == Image.Status.READY
    assert Feature.objects.get().state == "waiting"


def test_no_image_goes_because_its_original_is_away(
    plug_in_methods: PlugIn, stored_image: Store, sent: list[tuple[object, ...]]
) -> None:
    plug_in_methods(Gray)
    images = [stored_image(seed=seed) for seed in range(2)]
    long_ago = timezone.now() - timedelta(days=1)
    Image.objects.filter(pk=images[0].pk).update(status=Image.Status.PENDING, uploaded_at=long_ago)
    Feature.objects.filter(image=images[0]).delete()
    folder = Path(settings.ORIGINALS_DIR)
    away = folder.rename(folder.with_suffix(".away"))
    periodic.reconcile()
    assert extraction.extract(leases.lease(32)) == 0
    assert list(Image.objects.order_by("pk").values_list("status", flat=True)) == ["pending", "ready"]
    sent.clear()
    periodic.reconcile()
    assert sent == []  # nothing is due
    shutil.rmtree(folder, ignore_errors=True)
    away.rename(folder)
    Image.objects.update(retry_at=None)
    Feature.objects.update(leased_until=long_ago)
    periodic.reconcile()
    assert ("features", "search.background.tasks.extract_features", [images[0].pk]) in sent
    extraction.extract(leases.lease(32))
    assert list(Feature.objects.values_list("state", flat=True)) == ["ready"] * 2


def test_a_generation_is_asked_for_and_old_versions_go_once_it_is_there(
    plug_in_methods: PlugIn, stored_image: Store, sent: list[tuple[object, ...]]
) -> None:
    plug_in_methods(Gray)
    stored_image()
    extraction.extract(leases.lease(32))
    registry.methods()["gray"].options["version"] = "2"
    wanted_rows.ensure_rows()
    extraction.extract(leases.lease(32))
    sent.clear()
    periodic.reconcile()
    assert sent == [("maintenance", "jobs.job.run", "generation", str(Generation.objects.get(life="").pk))]
    assert Feature.objects.count() == 2
    build.build()
    periodic.reconcile()
    assert list(Feature.objects.values_list("version", flat=True)) == ["2"]
