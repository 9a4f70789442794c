"""Hiding, showing again, the trash and deleting for good, with the words that search and the record hear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from gallery.curation.visibility import hide, purge, purge_expired, restore, trash, unhide
from gallery.intake.store import store_image
from gallery.models import Image
from gallery.signals import acted
from tests.gallery.rows import make_image, make_images

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folders")]

Heard = list[tuple[str, list[int]]]


@pytest.fixture
def image_ids(png: Callable[[int], bytes], heard: Heard) -> list[int]:
    """Three stored images."""
    for number in range(3):
        store_image(BytesIO(png(number)), name=f"{number}.png")
    heard.clear()
    return list(Image.objects.order_by("pk").values_list("pk", flat=True))


@pytest.fixture
def told() -> Iterator[list[tuple[Any, ...]]]:
    """What acts were told of: who, which, on what: one image by its sum, several by their number."""
    acts: list[tuple[Any, ...]] = []

    def listen(user: Any, action: Any, subject: str, details: Any = None, **_rest: Any) -> None:
        acts.append((user, str(action), subject or details["subject"]))

    acted.connect(listen)
    yield acts
    acted.disconnect(listen)


def test_it_works(image_ids: list[int], heard: Heard) -> None:
    assert hide(image_ids[:2], None) == 2
    assert set(Image.objects.shown().values_list("pk", flat=True)) == {image_ids[2]}
    assert unhide(image_ids, None) == 2
    assert Image.objects.shown().count() == 3
    assert trash(image_ids[1:], None) == 2
    assert list(Image.objects.shown().values_list("pk", flat=True)) == image_ids[:1]
    assert restore(image_ids, None) == 2
    assert Image.objects.shown().count() == 3
    assert [(word, sorted(ids)) for word, ids in heard] == [
        *(("removed", image_ids[:2]), ("restored", image_ids[:2])),
        *(("removed", image_ids[1:]), ("restored", image_ids[1:])),
    ]


def test_what_changes_nothing_is_not_announced(image_ids: list[int], heard: Heard, told: list[Any]) -> None:
    assert unhide(image_ids, None) == hide([], None) == restore(image_ids, None) == trash([10**9], None) == 0
    assert heard == told == []


def test_each_act_is_told_once_with_who_and_what(image_ids: list[int], told: list[Any]) -> None:
    user = User.objects.create_user("ada")
    sha256 = Image.objects.get(pk=image_ids[0]).sha256
    hide(image_ids[:1], user)
    unhide(image_ids[:1], user)
    trash(image_ids, user)
    restore(image_ids, user)
    trash(image_ids, user)
    purge(image_ids, None)
    three = {"kind": "images", "num": 3}
    assert told == [
        *((user, "hide", sha256), (user, "show", sha256), (user, "trash", three), (user, "restore", three)),
        *((user, "trash", three), (None, "delete", three)),
    ]


def test_the_trash_knows_who_and_when(image_ids: list[int]) -> None:
    user = User.objects.create_user("ada")
    trash(image_ids, user)
    image = Image.objects.get(pk=image_ids[0])
    assert image.trashed_by == user
    assert image.trashed_at is not None
    assert timezone.now() - image.trashed_at < timedelta(seconds=30)
    restore(image_ids, None)
    image.refresh_from_db()
    assert (image.trashed_by, image.trashed_at) == (None, None)


def test_hidden_images_come_out_of_the_trash_hidden(image_ids: list[int], heard: Heard) -> None:
    hide(image_ids[:1], None)
    trash(image_ids[:1], None)
    restore(image_ids[:1], None)
    assert Image.objects.get(pk=image_ids[0]).hidden
    assert heard == [("removed", image_ids[:1])], "search knew already and must not find it now"


def test_showing_what_is_in_the_trash_does_not_take_it_out(image_ids: list[int], heard: Heard) -> None:
    hide(image_ids[:1], None)
    trash(image_ids[:1], None)
    heard.clear()
    unhide(image_ids[:1], None)
    assert heard == []
    restore(image_ids[:1], None)
    assert heard == [("restored", image_ids[:1])]


def test_what_is_being_decoded_is_passed_over() -> None:
    image = make_image(status=Image.Status.PENDING)
    assert trash([image.pk], None) == 0


def test_only_the_trash_can_be_purged(image_ids: list[int]) -> None:
    assert purge(image_ids, None) == 0
    assert Image.objects.count() == 3


def test_purge_removes_rows_and_files(
    image_ids: list[int],
    heard: Heard,
    folders: Callable[[], list[str]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        trash(image_ids[:2], None)
        heard.clear()
        assert purge(image_ids, None) == 2
        assert len(folders()) == 9, "files go only once the rows are gone for good"
    kept = Image.objects.get()
    assert {name[:64] for name in folders()} == {kept.sha256}
    assert [(word, sorted(ids)) for word, ids in heard] == [("removed", image_ids[:2])]


def test_the_oldest_go_by_themselves(settings: LazySettings) -> None:
    settings.TRASH_DAYS = 7
    images = make_images(4)
    for image, days in zip(images, (9, 7, 6, None), strict=True):
        since = None if days is None else timezone.now() - timedelta(days=days, minutes=1)
        Image.objects.filter(pk=image.pk).update(trashed_at=since)
    assert purge_expired(limit=1) == 1
    assert not Image.objects.filter(pk=images[0].pk).exists()
    assert purge_expired() == 1
    assert set(Image.objects.all()) == set(images[2:])


def test_very_many_at_once(told: list[Any]) -> None:
    images = make_images(1100)
    ids = [image.pk for image in images]
    assert (trash(ids, None), restore(ids, None)) == (1100, 1100)
    assert [subject for _user, _action, subject in told] == 2 * [{"kind": "images", "num": 1100}]


def test_bytes_that_came_again_are_not_removed(
    image_ids: list[int],
    png: Callable[[int], bytes],
    folders: Callable[[], list[str]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        trash(image_ids, None)
        purge(image_ids, None)
        assert store_image(BytesIO(png(0)), name="0.png").kind == "stored"
    assert len(folders()) == 3
