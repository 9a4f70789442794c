"""What is sent compressed, and what is sent as it is."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory

from config.compression import TextGZipMiddleware
from tests.gallery.blob_files import derivative_path, original_path
from tests.gallery.rows import make_image

GZIP = {"accept-encoding": "gzip, deflate, br"}
HAS_NAME = 8  # the flag of a gzip header that a file name follows, which is where the padding is
LARGE = 2_000


def answered(response: HttpResponseBase, headers: dict[str, str] | None = None) -> HttpResponseBase:
    """Return what becomes of an answer."""
    request = RequestFactory().get("/", headers=GZIP if headers is None else headers)
    return TextGZipMiddleware(lambda _request: response)(request)  # type: ignore[return-value]


def body(response: HttpResponseBase) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_pages(client: Client) -> None:
    response = client.get("/", headers=GZIP)
    assert response["Content-Encoding"] == "gzip"
    assert int(response["Content-Length"]) == len(response.content)
    assert response.content[3] & HAS_NAME
    assert b"</html>" in gzip.decompress(response.content)
    assert {"Accept-Encoding", "Cookie"} <= set(response["Vary"].split(", "))
    assert "Content-Security-Policy" in response


@pytest.mark.django_db
def test_who_does_not_ask_gets_the_text(client: Client) -> None:
    response = client.get("/")
    assert "Content-Encoding" not in response
    assert b"</html>" in response.content
    assert "Accept-Encoding" in response["Vary"].split(", ")  # for caches, which may hold the other kind


@pytest.mark.django_db
def test_files_keep_their_length(client: Client) -> None:
    image = make_image("compressed.jpg")
    original, thumb = original_path(image.sha256), derivative_path(image.sha256, "thumb")
    for path in (original, thumb):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"a" * LARGE)
    for address in (f"/media/thumb/{image.sha256}.webp", f"/images/{image.pk}/original/"):
        response = client.get(address, headers=GZIP)
        assert "Content-Encoding" not in response
        assert "Accept-Encoding" not in response.get("Vary", "")
        assert response["Content-Length"] == str(LARGE)
        assert body(response) == b"a" * LARGE


@pytest.mark.django_db
def test_exports(admin_client: Client, admin_user: User) -> None:
    response = admin_client.post("/audit/export/", {"format": "csv"}, headers=GZIP)
    assert response.streaming
    assert response["Content-Encoding"] == "gzip"
    assert "Content-Length" not in response
    assert gzip.decompress(body(response)).decode("utf-8-sig").startswith("number,")


@pytest.mark.parametrize(
    ("content_type", "shrinks"),
    [
        ("text/html; charset=utf-8", True),
        ("application/json", True),
        ("image/svg+xml", True),
        ("Text/CSV", True),
        ("image/webp", False),
        ("application/octet-stream", False),
        ("application/zip", False),
        ("", False),
    ],
)
def test_types(content_type: str, shrinks: bool) -> None:
    response = answered(HttpResponse("a" * LARGE, headers={"Content-Type": content_type}))
    assert (response.get("Content-Encoding") == "gzip") == shrinks
    assert (len(body(response)) < LARGE) == shrinks


@pytest.mark.parametrize(
    "response", [HttpResponse("ok\n"), HttpResponse("b" * LARGE, headers={"Content-Encoding": "br"})]
)
def test_short_or_encoded_answers_stay(response: HttpResponse) -> None:
    before = response.content, response.get("Content-Encoding")
    after = answered(response)
    assert (body(after), after.get("Content-Encoding")) == before


def test_marks_of_versions_become_weak() -> None:
    assert answered(HttpResponse("a" * LARGE, headers={"ETag": '"one"'}))["ETag"] == 'W/"one"'
    assert answered(HttpResponse("a" * LARGE, headers={"ETag": '"one"'}), {})["ETag"] == '"one"'


def test_long_files_take_the_memory_of_a_part() -> None:
    part = 100_000

    def parts() -> Iterator[str]:
        for number in range(200):
            yield f"{number},".ljust(part, "x")

    response = answered(StreamingHttpResponse(parts(), content_type="text/csv"))
    assert isinstance(response, StreamingHttpResponse)
    tracemalloc.start()
    size = sum(map(len, response))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0 < size < 200 * part
    assert peak < 20 * part


@pytest.mark.django_db
def test_static_files_are_sent_as_they_were_compressed(settings: LazySettings, tmp_path: Path) -> None:
    settings.STATIC_ROOT, settings.STATIC_URL = tmp_path, "/static/"
    (tmp_path / "app.css").write_bytes(b"a {}" * LARGE)
    kept = gzip.compress(b"a {}" * LARGE)
    (tmp_path / "app.css.gz").write_bytes(kept)
    response = Client().get("/static/app.css", headers=GZIP)
    assert response["Content-Encoding"] == "gzip"
    assert body(response) == kept
