"""The upload page and its answers to programs."""

from __future__ import annotations

import errno
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from numpy.typing import NDArray
from PIL import Image as PillowImage

from gallery.models import Collection, Image
from gallery.people.roles import Role
from gallery.views.upload import OUT_OF_SIGHT
from jobs.errors import sentence
from tests.codes import form_codes
from tests.gallery.blob_files import derivative_path, original_path
from tests.gallery.members import client_of, make_member, make_person

pytestmark = pytest.mark.django_db


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    buffer = BytesIO()
    PillowImage.fromarray(picture).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _file(data: bytes, name: str = "heron.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def _send(client: Client, *files: SimpleUploadedFile, **fields: str) -> Any:
    return client.post("/upload/", {"files": list(files), **fields}, headers={"Accept": "application/json"})


def test_it_works(client: Client, picture: NDArray[np.uint8]) -> None:
    """A stored file is answered with its image, which can then be seen."""
    response = _send(client, _file(_jpeg(picture)), collection="Pond")
    image = Image.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "results": [
            {
                "name": "heron.jpg",
                "outcome": "stored",
                "reason": "",
                "message": "Stored.",
                "image": {
                    "id": image.pk,
                    "url": f"/images/{image.pk}/",
                    "thumb": f"/media/thumb/{image.sha256}.webp",
                },
            }
        ]
    }
    assert [collection.name for collection in image.collections.all()] == ["Pond"]
    assert original_path(image.sha256).read_bytes() == _jpeg(picture)
    assert derivative_path(image.sha256, "thumb").exists()


def test_the_form_works_without_javascript(client: Client, picture: NDArray[np.uint8]) -> None:
    files = [_file(_jpeg(picture)), _file(b"no image at all", "notes.jpg")]
    response = client.post("/upload/", {"files": files})
    html = response.content.decode()
    assert response.status_code == 200
    assert f'href="/images/{Image.objects.get(status="ready").pk}/"' in html
    assert sentence("type_not_allowed") in html


def test_who_uploaded_is_kept(admin_client: Client, picture: NDArray[np.uint8]) -> None:
    _send(admin_client, _file(_jpeg(picture)))
    uploader = Image.objects.get().uploaded_by
    assert uploader is not None
    assert uploader.get_username() == "admin"


def test_a_duplicate_names_what_is_there(client: Client, picture: NDArray[np.uint8]) -> None:
    _send(client, _file(_jpeg(picture)))
    response = _send(client, _file(_jpeg(picture), "again.jpg"), collection="Pond")
    result = response.json()["results"][0]
    image = Image.objects.get()
    assert response.status_code == 200
    assert (result["outcome"], result["image"]["id"]) == ("duplicate", image.pk)
    assert "heron.jpg" in result["message"]
    assert [collection.name for collection in image.collections.all()] == ["Pond"]


def test_many_files_are_answered_one_by_one(client: Client, picture: NDArray[np.uint8]) -> None:
    response = _send(client, _file(_jpeg(picture)), _file(_jpeg(picture), "copy.jpg"), _file(b"x", "bad.png"))
    assert response.status_code == 200
    assert [result["outcome"] for result in response.json()["results"]] == ["stored", "duplicate", "refused"]


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n" * 9]
)
def test_a_bad_file_is_refused_with_its_reason(client: Client, data: bytes) -> None:
    response = _send(client, _file(data, "bad.png"))
    result = response.json()["results"][0]
    assert response.status_code == 422
    assert (result["outcome"], result["image"]) == ("refused", None)
    assert result["reason"]
    assert result["message"].endswith(".")


def test_a_cut_file_is_refused(client: Client, picture: NDArray[np.uint8]) -> None:
    data = _jpeg(picture)
    response = _send(client, _file(data[: len(data) // 2]))
    assert (response.status_code, response.json()["results"][0]["reason"]) == (422, "truncated")


def test_a_file_that_is_too_large_is_refused(
    client: Client, picture: NDArray[np.uint8], settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.ENV, "max_upload_bytes", 100)
    response = _send(client, _file(_jpeg(picture)))
    assert (response.status_code, response.json()["results"][0]["reason"]) == (413, "too_large")
    assert not Image.objects.exists()


def test_a_full_disk_is_said(client: Client, picture: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("gallery.storage.incoming.os.fsync", full)
    response = _send(client, _file(_jpeg(picture)))
    assert (response.status_code, response.json()["results"][0]["reason"]) == (507, "disk_full")
    assert not Image.objects.exists()


def test_no_file_is_no_upload(client: Client) -> None:
    assert _send(client).json()["error"] == "form"
    response = client.post("/upload/", {})
    assert response.status_code == 400
    assert form_codes(response.context["form"]) == {"required"}


def test_a_collection_name_that_is_too_long_is_refused(client: Client, picture: NDArray[np.uint8]) -> None:
    response = _send(client, _file(_jpeg(picture)), collection="x" * 121)
    assert response.status_code == 400
    assert not Image.objects.exists()


def test_the_token_against_forged_requests_is_asked_for(picture: NDArray[np.uint8]) -> None:
    client = Client(enforce_csrf_checks=True)
    assert _send(client, _file(_jpeg(picture))).status_code == 403


def test_a_closed_site_takes_nothing(client: Client, picture: NDArray[np.uint8], settings: LazySettings) -> None:
    settings.OPEN_ACCESS = False
    response = _send(client, _file(_jpeg(picture)))
    assert (response.status_code, response.json()["error"]) == (401, "log_in")


def test_viewers_may_not(picture: NDArray[np.uint8]) -> None:
    hers = client_of(make_person("ada"))
    assert hers.get("/upload/").status_code == 403
    response = _send(hers, _file(_jpeg(picture)))
    assert (response.status_code, response.json()["error"]) == (403, "forbidden")
    assert not Image.objects.exists()


def test_contributors_of_a_collection_add_to_that_alone(picture: NDArray[np.uint8]) -> None:
    ada, scans = make_person("ada"), Collection.objects.create(name="Scans", private=True)
    make_member(ada, scans, Role.CONTRIBUTOR)
    hers = client_of(ada)
    html = hers.get("/upload/").content.decode()
    assert '<option value="Scans">' in html
    assert 'name="private"' not in html
    refused = _send(hers, _file(_jpeg(picture)))
    assert (refused.status_code, refused.json()["message"]) == (400, sentence("choose_own", {"own": "“Scans”"}))
    assert _send(hers, _file(_jpeg(picture)), collection="Scans").status_code == 201
    assert not Image.objects.get().common


def test_a_private_collection_is_made(picture: NDArray[np.uint8]) -> None:
    hers = client_of(make_person("ada", Role.CONTRIBUTOR))
    for shift in range(2):  # the page's script sends each file by itself
        data = _jpeg(np.roll(picture, shift, axis=1))
        assert _send(hers, _file(data), collection="Scans", private="on").status_code == 201
    assert Collection.objects.get().private
    assert Image.objects.visible_to(AnonymousUser()).count() == 0


@pytest.mark.parametrize(
    ("who", "fields", "code"),
    [
        ("ada", {"collection": "Pond", "private": "on"}, "is_public"),
        ("ada", {"private": "on"}, "nameless"),
        ("nobody", {"collection": "New", "private": "on"}, "nobody_there"),
        ("nobody", {"collection": "Closed"}, "collection_closed"),
    ],
)
def test_unusable_collections_store_nothing(
    client: Client, picture: NDArray[np.uint8], who: str, fields: dict[str, str], code: str
) -> None:
    Collection.objects.create(name="Pond")
    Collection.objects.create(name="Closed", private=True)
    sender = client if who == "nobody" else client_of(make_person("ada", Role.CONTRIBUTOR))
    assert _send(sender, _file(_jpeg(picture)), **fields).status_code == 400
    response = sender.post("/upload/", {"files": _file(_jpeg(picture)), **fields})
    assert form_codes(response.context["form"]) == {code}
    assert (Image.objects.count(), Collection.objects.count()) == (0, 2)


def test_a_duplicate_out_of_sight_has_no_link(client: Client, picture: NDArray[np.uint8]) -> None:
    _send(client, _file(_jpeg(picture)))
    Image.objects.update(hidden=True)
    (result,) = _send(client, _file(_jpeg(picture))).json()["results"]
    assert (result["outcome"], result["image"]) == ("duplicate", None)
    assert result["message"] == OUT_OF_SIGHT
