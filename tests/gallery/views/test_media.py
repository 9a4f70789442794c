"""Thumbnails, display copies, originals, and the sign of life."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.http import FileResponse
from django.test import Client

from gallery.intake.store import store_image
from gallery.models import Image
from gallery.storage.derivatives import Derivative, remove_derivatives
from tests.codes import notes
from tests.gallery.blob_files import derivative_path, original_path
from tests.gallery.rows import make_image


@pytest.fixture
def image(db: None) -> Image:
    """An image with files of known content."""
    image = make_image("héron.jpg")
    original = original_path(image.sha256)
    original.parent.mkdir(parents=True, exist_ok=True)
    original.write_bytes(b"<html>original")
    kinds: tuple[Derivative, ...] = ("thumb", "display")
    for kind in kinds:
        path = derivative_path(image.sha256, kind)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(kind.encode())
    return image


@pytest.fixture
def make_unreadable() -> Iterator[Callable[[Path], None]]:
    """Return what puts a folder in a file's place: it is there, and cannot be read, by root either."""
    folders: list[Path] = []

    def put(path: Path) -> None:
        path.unlink()
        path.mkdir()
        folders.append(path)

    yield put
    for path in folders:
        path.rmdir()


def _body(response: object) -> bytes:
    assert isinstance(response, FileResponse)
    return b"".join(response.streaming_content)  # type: ignore[arg-type]  # the test client closes it at its end


def _etag(client: Client, url: str) -> str:
    response = client.get(url)
    _body(response)
    return response["ETag"]


@pytest.mark.parametrize("kind", ["thumb", "display"])
def test_it_works(client: Client, image: Image, kind: str) -> None:
    response = client.get(f"/media/{kind}/{image.sha256}.webp")
    assert _body(response) == kind.encode()
    assert response["Content-Type"] == "image/webp"
    assert response["Cache-Control"] == "private, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_a_kept_copy_is_not_sent_again(client: Client, image: Image) -> None:
    url = f"/media/thumb/{image.sha256}.webp"
    etag = _etag(client, url)
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.django_db
def test_a_lost_copy_is_made_again(
    client: Client, folders: Callable[[], list[str]], png: Callable[[int], bytes]
) -> None:
    image = store_image(BytesIO(png(0)), name="a.png").image
    assert image is not None
    remove_derivatives(image.sha256)
    assert _body(client.get(f"/media/thumb/{image.sha256}.webp"))[8:12] == b"WEBP"
    assert len(folders()) == 3


def test_a_copy_that_cannot_be_made_again_is_not_found(client: Client, image: Image) -> None:
    remove_derivatives(image.sha256)
    assert client.get(f"/media/thumb/{image.sha256}.webp").status_code == 404


def test_originals_are_downloads(client: Client, image: Image) -> None:
    response = client.get(f"/images/{image.pk}/original/")
    assert _body(response) == b"<html>original"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''h%C3%A9ron.jpg"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_only_staff_get_hidden_images(client: Client, admin_client: Client, image: Image) -> None:
    Image.objects.update(hidden=True)
    for url in (f"/media/thumb/{image.sha256}.webp", f"/images/{image.pk}/original/"):
        assert client.get(url).status_code == 404
        assert _body(admin_client.get(url))


def test_a_kept_copy_of_an_image_hidden_since_is_refused(client: Client, image: Image) -> None:
    url = f"/media/thumb/{image.sha256}.webp"
    etag = _etag(client, url)
    Image.objects.update(hidden=True)
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 404


@pytest.mark.parametrize("name", ["other/{sha}", "thumb/abc", "thumb/{upper}", "thumb/..%2F{sha}"])
def test_unknown_copies_are_not_found(client: Client, image: Image, name: str) -> None:
    path = name.format(sha=image.sha256, upper="A" * 64)
    assert client.get(f"/media/{path}.webp").status_code == 404


def test_a_missing_file_is_not_found(client: Client, image: Image) -> None:
    original_path(image.sha256).unlink()
    assert client.get(f"/images/{image.pk}/original/").status_code == 404


@pytest.mark.parametrize("accept", ["text/html,*/*", "image/webp,*/*"])
def test_a_file_that_cannot_be_read_now_is_no_internal_error(
    client: Client, image: Image, accept: str, make_unreadable: Callable[[Path], None]
) -> None:
    make_unreadable(derivative_path(image.sha256, "thumb"))
    make_unreadable(original_path(image.sha256))
    for url in (f"/media/thumb/{image.sha256}.webp", f"/images/{image.pk}/original/"):
        response = client.get(url, headers={"Accept": accept})
        assert (response.status_code, response["Retry-After"], response["Cache-Control"]) == (503, "60", "no-store")
        if "html" in accept:
            assert notes(response.text) == ["file_unreadable"]
        else:
            assert response.json()["error"] == "file_unreadable"


def test_a_lost_copy_of_an_original_that_cannot_be_read_now(
    client: Client, image: Image, make_unreadable: Callable[[Path], None]
) -> None:
    remove_derivatives(image.sha256)
    make_unreadable(original_path(image.sha256))
    assert client.get(f"/media/thumb/{image.sha256}.webp").status_code == 503


def test_a_lost_copy_of_a_lost_original_is_not_found(client: Client, image: Image) -> None:
    remove_derivatives(image.sha256)
    original_path(image.sha256).unlink()
    assert client.get(f"/media/thumb/{image.sha256}.webp").status_code == 404


def test_a_closed_site_shows_nothing(client: Client, image: Image, settings: LazySettings) -> None:
    settings.OPEN_ACCESS = False
    url = f"/media/thumb/{image.sha256}.webp"
    assert client.get(url, headers={"Accept": "image/webp"}).status_code == 401


def test_the_process_is_alive_without_a_log_in(client: Client, settings: LazySettings) -> None:
    settings.OPEN_ACCESS = False
    response = client.get("/livez")
    assert (response.status_code, response.content) == (200, b"ok\n")
