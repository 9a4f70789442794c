"""The one way in: stored, known before, or refused for a reason, and never half done."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from numpy.typing import NDArray
from PIL import Image as Picture
from pytest_django import DjangoAssertNumQueries

from gallery.intake.rows import clean_name
from gallery.intake.store import retry_refused, store_image, store_images
from gallery.models import Collection, Image, Tag
from tests.gallery import bombs
from tests.gallery.blob_files import derivative_path, original_path
from tests.gallery.encoding import encode

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folders")]
Png = Callable[[int], bytes]
Names = Callable[[], list[str]]
Heard = list[tuple[str, list[int]]]


def test_it_works(png: Png, folders: Names, heard: Heard) -> None:
    data = png(0)
    outcome = store_image(BytesIO(data), name="cat.png", label="cat", collections=["Pets"], tags=["soft"])
    image = outcome.image
    assert outcome.kind == "stored"
    assert image is not None
    image.refresh_from_db()
    assert image.status == Image.Status.READY
    assert image.sha256 == hashlib.sha256(data).hexdigest()
    assert (image.format, image.width, image.height, image.num_frames) == ("PNG", 160, 120, 1)
    assert (image.original_name, image.label, image.num_bytes) == ("cat.png", "cat", len(data))
    assert image.tone.startswith("#")
    assert len(image.pixels_sha256) == 64
    assert [str(collection) for collection in image.collections.all()] == ["Pets"]
    assert [str(tag) for tag in image.tags.all()] == ["soft"]
    assert original_path(image.sha256).read_bytes() == data
    assert folders() == sorted(
        [image.sha256, derivative_path(image.sha256, "thumb").name, derivative_path(image.sha256, "display").name]
    )
    assert heard == [("stored", [image.pk])]


def test_a_path_works_too(png: Png, tmp_path: Path) -> None:
    path = tmp_path / "dog.png"
    path.write_bytes(png(0))
    assert store_image(path, name=path.name).kind == "stored"
    assert path.exists()


def test_the_same_bytes_are_known(png: Png, folders: Names, heard: Heard) -> None:
    first = store_image(BytesIO(png(0)), name="a.png").image
    files = folders()
    outcome = store_image(BytesIO(png(0)), name="b.png", collections=["Pets"], label="cat", tags=["soft"])
    assert outcome.kind == "duplicate"
    assert outcome.image == first
    image = Image.objects.get()
    assert (image.original_name, image.label) == ("a.png", "cat")
    assert image.collections.count() == image.tags.count() == 1
    assert folders() == files
    assert len(heard) == 1


def test_a_label_is_not_overwritten(png: Png) -> None:
    store_image(BytesIO(png(0)), name="a.png", label="cat")
    store_image(BytesIO(png(0)), name="a.png", label="dog")
    assert Image.objects.get().label == "cat"


def test_who_brought_it_is_kept(png: Png, django_user_model: type[User]) -> None:
    person = django_user_model.objects.create(username="ada")
    store_image(BytesIO(png(0)), name="a.png", user=person)
    store_image(BytesIO(png(1)), name="b.png", user=AnonymousUser())
    by = Image.objects.values_list("original_name", "uploaded_by")
    assert dict(by) == {"a.png": person.pk, "b.png": None}


def test_objects_and_names_place_an_image(png: Png) -> None:
    collection, tag = Collection.objects.create(name="Pets"), Tag.objects.create(name="soft")
    store_image(BytesIO(png(0)), name="a.png", collections=[collection, "Pets", "New"], tags=[tag, "soft"])
    image = Image.objects.get()
    assert image.collections.count() == 2
    assert image.tags.count() == 1


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("../../etc/passwd.png", "passwd.png"),
        ("C:\\pictures\\cat.png", "cat.png"),
        ("cat\0\n\u202egnp.png", "catgnp.png"),
        ("", "unnamed"),
        ("folder/", "unnamed"),
        ("x" * 300 + ".png", "x" * 251 + ".png"),
        ("y" * 300, "y" * 255),
        ("图片.png", "图片.png"),
        (os.fsdecode(b"caf\xe9.png"), "caf.png"),
    ],
)
def test_names_are_made_harmless(name: str, stored: str) -> None:
    assert clean_name(name) == stored


def test_too_large_is_refused_and_not_kept(png: Png, folders: Names, settings: LazySettings) -> None:
    data = png(0)
    settings.ENV = settings.ENV.model_copy(update={"max_upload_bytes": len(data) - 1})
    outcome = store_image(BytesIO(data), name="a.png")
    assert (outcome.kind, outcome.reason, outcome.image) == ("refused", "too_large", None)
    assert str(len(data) - 1) in outcome.detail
    assert not Image.objects.exists()
    assert folders() == []
    settings.ENV = settings.ENV.model_copy(update={"max_upload_bytes": len(data)})
    assert store_image(BytesIO(data), name="a.png").kind == "stored"


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.png", "truncated"),
        (b"<svg/>", "a.svg", "type_not_allowed"),
        (bombs.huge_gif(), "a.gif", "too_many_pixels"),
        (bombs.huge_gif(), "a.jpg", "type_mismatch"),
        (bombs.flat_png(9)[:44], "a.png", "truncated"),
    ],
)
def test_refusals_are_rows_with_their_bytes(data: bytes, name: str, reason: str, folders: Names, heard: Heard) -> None:
    outcome = store_image(BytesIO(data), name=name)
    image = Image.objects.get()
    assert (outcome.kind, outcome.reason, outcome.image) == ("refused", reason, image)
    assert (image.status, image.reason) == (Image.Status.REFUSED, reason)
    assert folders() == [image.sha256]
    assert heard == []


def test_refused_bytes_under_a_better_name_are_taken(png: Png, heard: Heard) -> None:
    assert store_image(BytesIO(png(0)), name="a.jpg").reason == "type_mismatch"
    outcome = store_image(BytesIO(png(0)), name="a.png")
    assert outcome.kind == "stored"
    image = Image.objects.get()
    assert (image.status, image.reason, image.detail, image.original_name) == ("ready", "", "", "a.png")
    assert heard == [("stored", [image.pk])]


def test_refused_bytes_come_again_and_are_refused_again() -> None:
    for _time in range(2):
        assert store_image(BytesIO(b"text"), name="a.png").reason == "type_not_allowed"
    assert Image.objects.count() == 1


def test_retry_refused(settings: LazySettings, heard: Heard) -> None:
    outcome = store_image(BytesIO(bombs.flat_png(9)[:44]), name="a.png")
    assert outcome.image is not None
    original_path(outcome.image.sha256).write_bytes(bombs.flat_png(9))
    again = retry_refused(outcome.image)
    assert again.kind == "stored"
    assert heard == [("stored", [outcome.image.pk])]


def test_a_full_disk_is_named(png: Png, folders: Names) -> None:
    class Full(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(errno.ENOSPC, "No space left on device")

    outcome = store_image(Full(), name="a.png")
    assert (outcome.kind, outcome.reason, outcome.image) == ("refused", "disk_full", None)
    assert folders() == []


def test_many(png: Png, tmp_path: Path, heard: Heard) -> None:
    paths = []
    for number in range(40):
        folder = tmp_path / "in" / ("cats" if number % 2 else "dogs")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{number}.png"
        path.write_bytes(b"text" if number == 7 else png(number % 38))
        paths.append(path)
    paths.append(tmp_path / "in" / "nowhere.png")
    found = list(store_images(paths, collections=["In"], label_of=lambda path: path.parent.name, tags=["new"]))
    assert [path for path, _outcome in found] == paths
    kinds = [outcome.kind for _path, outcome in found]
    assert kinds == ["stored"] * 7 + ["refused"] + ["stored"] * 30 + ["duplicate"] * 2 + ["refused"]
    assert found[7][1].reason == "type_not_allowed"
    assert found[40][1].image is None
    assert "No such file" in found[40][1].detail
    assert Image.objects.count() == Collection.objects.get().images.count() == Tag.objects.get().images.count() == 38
    assert set(Image.objects.values_list("label", flat=True)) == {"cats", "dogs"}
    assert [len(image_ids) for _word, image_ids in heard] == [31, 6]


def test_the_same_bytes_twice_in_a_batch(png: Png, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.png", "b.png", "c.txt", "d.txt")]
    for path, data in zip(paths, [png(0), png(0), b"text", b"text"], strict=True):
        path.write_bytes(data)
    outcomes = [outcome for _path, outcome in store_images(paths)]
    assert [outcome.kind for outcome in outcomes] == ["stored", "duplicate", "refused", "refused"]
    assert Image.objects.count() == 2


def test_no_files_are_no_trouble() -> None:
    assert list(store_images([])) == []


def test_planted_metadata_stays_in_the_original(picture: NDArray[np.uint8]) -> None:
    exif = Picture.Exif()
    exif[0x010F] = exif[0xA431] = exif[0x9C9D] = "SENTINEL"
    exif.get_ifd(0x8825)[1] = "SENTINEL"
    data = encode(picture, "JPEG", exif=exif, comment=b"SENTINEL", xmp=b"<x>SENTINEL</x>")
    image = store_image(BytesIO(data), name="a.jpg").image
    assert image is not None
    assert original_path(image.sha256).read_bytes() == data
    for kind in ("thumb", "display"):
        assert b"SENTINEL" not in derivative_path(image.sha256, kind).read_bytes()  # type: ignore[arg-type]
    row = Image.objects.filter(pk=image.pk).values().get()
    assert "SENTINEL" not in str(row)


def test_queries_are_few(png: Png, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    store_image(BytesIO(png(0)), name="a.png")
    most = 33 if connection.vendor == "sqlite" else 36  # that waits for its turn in the audit
    with django_assert_max_num_queries(most):
        store_image(BytesIO(png(1)), name="b.png")
