"""Search by an image from outside; Redis is down throughout, so nothing is described before a test does it."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from numpy.typing import NDArray
from PIL import Image as Picture

from gallery.models import Image
from gallery.people.roles import Role
from gallery.storage import BLOBS
from gallery.storage.blobs import BlobKind
from jobs import transport
from jobs.errors import sentence
from jobs.rows import JobState
from search.features import registry, wanted_rows
from search.generations import snapshot
from search.generations.build import build
from search.methods.base import normalize_rows
from search.models import Query
from search.query.description import uploaded_query
from search.query.pipeline import for_upload, run_query
from tests.codes import notes
from tests.gallery.blob_files import preview_path, query_path
from tests.gallery.members import client_of, make_person
from tests.search.library import add_features, add_images, add_library
from tests.search.plug_ins import Gray
from tests.search.processes import Processes

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.QUERIES_DIR = tmp_path / "queries"
    snapshot.forget()


@pytest.fixture
def png(picture: NDArray[np.uint8]) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    Picture.fromarray(picture).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def query(client: Client, png: bytes) -> Query:
    """An uploaded query, not described yet."""
    upload(client, png)
    return Query.objects.get()


def upload(client: Client, data: bytes, name: str = "heron.png", headers: dict[str, str] | None = None) -> HttpResponse:
    """Send a file to search by."""
    response: HttpResponse = client.post(
        reverse("search:upload"), {"file": SimpleUploadedFile(name, data)}, headers=headers
    )
    return response


def status(client: Client, query: Query, seen: str = "") -> HttpResponse:
    """Ask how far a query is."""
    response: HttpResponse = client.get(reverse("search:query_status", args=[query.pk]), {"seen": seen})
    return response


def test_it_works(client: Client, png: bytes, rng: np.random.Generator) -> None:
    ids, _vectors = add_library(3, rng)
    response = upload(client, png)
    query = Query.objects.get()
    assert response.status_code == 302
    assert response.headers["Location"] == f"/search/?query={query.pk}"
    assert (query.width, query.height, query.original_name) == (160, 120, "heron.png")
    uploaded_query.run(query.pk)
    text = client.get(response.headers["Location"]).content.decode()
    assert all(f'data-image="{image_id}"' in text for image_id in ids)


def test_scripts_get_json(client: Client, png: bytes) -> None:
    response = upload(client, png, headers=JSON)
    assert response.status_code == 201
    query = Query.objects.get()
    assert response.json() == {"query": str(query.pk), "url": f"/search/?query={query.pk}"}  # type: ignore[attr-defined]


def test_without_redis_it_is_accepted_and_the_page_says_so(client: Client, query: Query) -> None:
    response = client.get("/search/", {"query": str(query.pk)})
    assert response.status_code == 200
    text = response.content.decode()
    assert "queue_unreachable" in notes(text)
    assert f"/search/query/{query.pk}/status/" in text
    assert query_path(query.pk).exists()


def test_the_waiting_page_moves_on_without_scripts(client: Client, query: Query) -> None:
    assert '<meta http-equiv="refresh"' in client.get("/search/", {"query": str(query.pk)}).content.decode()


def test_what_was_seen_is_not_sent_again(client: Client, query: Query) -> None:
    assert status(client, query).status_code == 200
    assert status(client, query, "waiting-redis").status_code == 204


def test_a_described_query_sends_the_page_to_its_results(client: Client, query: Query) -> None:
    uploaded_query.run(query.pk)
    assert status(client, query).headers["HX-Redirect"] == f"/search/?query={query.pk}"


def test_the_same_bytes_are_the_same_query(client: Client, query: Query, png: bytes) -> None:
    upload(client, png, "again.png")
    assert Query.objects.get() == query
    assert sorted(BLOBS.keys(BlobKind.QUERY)) == [query.pk.hex, f"{query.pk.hex}.webp"]


def test_the_same_bytes_are_described_anew_once_another_version_serves(
    client: Client, query: Query, png: bytes, plug_in_methods: Callable[..., None], settings: LazySettings
) -> None:
    plug_in_methods(Gray)
    ids = add_images(3)
    rows = normalize_rows(np.eye(3, 8))
    add_features(ids, {"gray": rows})
    build()
    uploaded_query.run(query.pk)
    settings.SEARCH_METHOD_OPTIONS = {"gray": {"version": "2"}}
    registry.methods.cache_clear()
    wanted_rows.ensure_rows()
    upload(client, png)
    query.refresh_from_db()
    assert query.state == JobState.READY  # the earlier version serves still
    add_features(ids, {"gray": rows})
    build()
    upload(client, png)
    query.refresh_from_db()
    assert query.state == JobState.WAITING
    uploaded_query.run(query.pk)
    assert run_query(for_upload(query.pk), {"gray": 1.0}).missing_methods == {}
    upload(client, png)
    query.refresh_from_db()
    assert query.state == JobState.READY


def test_a_gallery_image_of_the_same_bytes_is_named(
    client: Client, stored_image: Callable[..., Image], png: bytes, query: Query
) -> None:
    image = stored_image((200, 10, 10))
    Image.objects.filter(pk=image.pk).update(sha256=query.sha256)
    uploaded_query.run(query.pk)
    assert (
        f'· <a href="{image.get_absolute_url()}">' in client.get("/search/", {"query": str(query.pk)}).content.decode()
    )


def test_no_image_is_refused_with_its_reason(client: Client) -> None:
    response = upload(client, b"no image at all", headers=JSON)
    assert response.status_code == 422
    assert response.json()["reason"] == "type_not_allowed"  # type: ignore[attr-defined]
    assert sentence("type_not_allowed") in unescape(upload(client, b"no image at all").content.decode())
    assert not Query.objects.exists()


def test_nothing_is_left_of_a_refused_file(client: Client, settings: LazySettings) -> None:
    upload(client, b"no image at all")
    assert [path for path in Path(settings.QUERIES_DIR).rglob("*") if path.is_file()] == []


def test_an_empty_file_is_refused(client: Client) -> None:
    assert upload(client, b"", headers=JSON).status_code == 422


def test_no_file_is_refused(client: Client) -> None:
    response = client.post(reverse("search:upload"), headers=JSON)
    assert response.status_code == 400
    assert "Choose one" in response.json()["message"]


def test_too_large_is_refused(client: Client, settings: LazySettings, png: bytes) -> None:
    settings.ENV = settings.ENV.model_copy(update={"max_upload_bytes": len(png) - 1})
    assert upload(client, png, headers=JSON).status_code == 413


def test_a_full_disk_is_named(client: Client, png: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gallery.storage.incoming.os.fsync", full)
    response = upload(client, png, headers=JSON)
    assert response.status_code == 507
    assert response.json()["reason"] == "disk_full"  # type: ignore[attr-defined]


def test_the_preview_is_re_encoded_and_sandboxed(client: Client, query: Query) -> None:
    response = client.get(reverse("search:query_preview", args=[query.pk]))
    assert response.headers["Content-Type"] == "image/webp"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    with Picture.open(io.BytesIO(b"".join(response))) as preview:
        assert preview.size == (160, 120)


def test_a_failed_query_can_be_tried_again(client: Client, query: Query) -> None:
    Query.objects.update(state=JobState.FAILED, error_code="decoder_timeout", attempts=3)
    text = client.get("/search/", {"query": str(query.pk)}).content.decode()
    assert "took too long" in text
    client.post(reverse("search:query_retry", args=[query.pk]))
    query.refresh_from_db()
    assert (query.state, query.error_code, query.attempts) == (JobState.WAITING, "", 0)


def test_a_query_that_is_gone_is_not_found(client: Client) -> None:
    missing = uuid.uuid4()
    assert client.get("/search/", {"query": str(missing)}).status_code == 404
    assert client.get(reverse("search:query_preview", args=[missing])).status_code == 404
    assert client.post(reverse("search:query_retry", args=[missing])).status_code == 404


def test_a_preview_without_its_file_is_not_found(client: Client, query: Query) -> None:
    preview_path(query.pk).unlink()
    assert client.get(reverse("search:query_preview", args=[query.pk])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_once_redis_is_back_a_lost_job_is_sent_again(
    client: Client, query: Query, settings: LazySettings, tmp_path: Path
) -> None:
    processes = Processes(tmp_path)
    settings.REDIS_URL = processes.url
    transport.redis_connection.cache_clear()
    try:
        processes.start_redis()
        status(client, query)
        assert transport.num_queued(settings.QUEUE_INTERACTIVE) == 0  # it may still be on its way
        Query.objects.update(created_at=timezone.now() - timedelta(minutes=1))
        for _ in range(3):
            text = status(client, query).content.decode()
        assert "no worker runs" in text
        assert transport.num_queued(settings.QUEUE_INTERACTIVE) == 1
    finally:
        processes.end()
        transport.redis_connection.cache_clear()


def preview(client: Client, query: Query) -> int:
    """Ask for the picture of a query; return the status."""
    response = client.get(reverse("search:query_preview", args=[query.pk]))
    b"".join(response)  # which closes the file
    return int(response.status_code)


def test_a_query_is_for_who_uploaded_it(client: Client, query: Query, png: bytes) -> None:
    """Not even its state is told to others; the same bytes are another query for them."""
    other, named = Client(), client_of(make_person("ada"))
    for stranger in (other, named):
        for name in ("query_status", "query_preview"):
            assert stranger.get(reverse(f"search:{name}", args=[query.pk])).status_code == 404
        assert stranger.post(reverse("search:query_retry", args=[query.pk])).status_code == 404
        assert stranger.get(reverse("search:results"), {"query": query.pk}).status_code == 404
    upload(other, png, "mine.png")
    upload(named, png, "hers.png")
    assert Query.objects.count() == 3
    upload(client, png)
    assert Query.objects.count() == 3
    assert preview(client, query) == 200


def test_a_query_of_an_account_is_there_in_its_other_browsers(png: bytes) -> None:
    ada = make_person("ada")
    upload(client_of(ada), png)
    (query,) = Query.objects.all()
    assert query.uploaded_by == ada
    assert preview(client_of(ada), query) == 200
    assert preview(client_of(make_person("root", Role.ADMIN)), query) == 200
