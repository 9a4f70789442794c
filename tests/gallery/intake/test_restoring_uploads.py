"""Bytes that come again while their image is in the trash."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from gallery.curation import visibility
from gallery.intake.store import store_image, store_images
from gallery.models import Collection, Image
from gallery.people.roles import Role
from gallery.views.upload import TAKEN_OUT_AGAIN
from tests.gallery.members import client_of, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folders")]


@pytest.fixture
def trashed(png: Callable[[int], bytes]) -> Image:
    """An image with a title, in the trash."""
    image = store_image(BytesIO(png(0)), name="heron.png").image
    assert image is not None
    Image.objects.filter(pk=image.pk).update(title="A heron")
    visibility.trash([image.pk], None)
    return image


def test_it_works(trashed: Image, png: Callable[[int], bytes], heard: list[tuple[str, list[int]]]) -> None:
    """An upload takes the image out of the trash with all that was known of it, and says so."""
    heard.clear()
    client = client_of(make_person("ada", Role.CONTRIBUTOR))
    file = SimpleUploadedFile("again.png", png(0))
    answer = client.post("/upload/", {"files": file, "collection": "Pond"}, headers={"Accept": "application/json"})
    (result,) = answer.json()["results"]
    assert (answer.status_code, result["outcome"]) == (201, "stored")
    assert result["message"] == TAKEN_OUT_AGAIN
    assert result["image"]["id"] == trashed.pk
    (image,) = Image.objects.shown()
    assert (image.title, image.trashed_by, image.collections.get().name) == ("A heron", None, "Pond")
    assert heard == [("restored", [trashed.pk])]
    assert Collection.objects.get().images.count() == 1


def test_twice_in_one_upload_is_once_restored(trashed: Image, png: Callable[[int], bytes]) -> None:
    client = client_of(make_person("ada", Role.CONTRIBUTOR))
    files = [SimpleUploadedFile(f"{number}.png", png(0)) for number in range(2)]
    answer = client.post("/upload/", {"files": files}, headers={"Accept": "application/json"})
    assert [result["outcome"] for result in answer.json()["results"]] == ["stored", "duplicate"]


def test_hidden_images_stay_hidden(trashed: Image, png: Callable[[int], bytes]) -> None:
    visibility.hide([trashed.pk], None)
    store_image(BytesIO(png(0)), name="again.png", user=make_person("ada", Role.CONTRIBUTOR))
    trashed.refresh_from_db()
    assert (trashed.trashed_at, trashed.hidden) == (None, True)


def test_commands_leave_the_trash_alone(trashed: Image, png: Callable[[int], bytes], tmp_path: Path) -> None:
    """They are run again over the same folder, and must not bring back what somebody threw away."""
    path = tmp_path / "heron.png"
    path.write_bytes(png(0))
    ((_path, outcome),) = store_images([path])
    assert (outcome.kind, outcome.restored) == ("duplicate", False)
    assert not Image.objects.shown().exists()


def test_a_refused_file_in_the_trash_is_not_announced(
    trashed: Image, png: Callable[[int], bytes], tmp_path: Path, heard: list[tuple[str, list[int]]]
) -> None:
    Image.objects.filter(pk=trashed.pk).update(status=Image.Status.REFUSED, reason="decoder_timeout")
    heard.clear()
    path = tmp_path / "heron.png"
    path.write_bytes(png(0))
    list(store_images([path]))
    trashed.refresh_from_db()
    assert trashed.status == Image.Status.READY
    assert trashed.trashed_at
    assert heard == []
