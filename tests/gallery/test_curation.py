"""Hiding, showing again and deleting, with the words that search hears."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from gallery.curation import delete, hide, unhide
from gallery.intake import store_image
from gallery.models import Image

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folders")]

Heard = list[tuple[str, list[int]]]


@pytest.fixture
def image_ids(png: Callable[[int], bytes], heard: Heard) -> list[int]:
    """Three stored images."""
    for number in range(3):
        store_image(BytesIO(png(number)), name=f"{number}.png")
    heard.clear()
    return list(Image.objects.order_by("pk").values_list("pk", flat=True))


def test_it_works(image_ids: list[int], heard: Heard) -> None:
    assert hide(image_ids[:2]) == 2
    assert set(Image.objects.shown().values_list("pk", flat=True)) == {image_ids[2]}
    assert unhide(image_ids) == 2
    assert Image.objects.shown().count() == 3
    assert [(word, sorted(ids)) for word, ids in heard] == [("removed", image_ids[:2]), ("restored", image_ids[:2])]


def test_what_changes_nothing_is_not_announced(image_ids: list[int], heard: Heard) -> None:
    assert unhide(image_ids) == hide([]) == delete([]) == delete([10**9]) == 0
    assert heard == []


def test_delete_removes_rows_and_files(
    image_ids: list[int],
    heard: Heard,
    folders: Callable[[], list[str]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert delete(image_ids[:2]) == 2
        assert len(folders()) == 9, "files go only once the rows are gone for good"
    kept = Image.objects.get()
    assert {name[:64] for name in folders()} == {kept.sha256}
    assert [(word, sorted(ids)) for word, ids in heard] == [("removed", image_ids[:2])]


def test_bytes_that_came_again_are_not_removed(
    image_ids: list[int],
    png: Callable[[int], bytes],
    folders: Callable[[], list[str]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        delete(image_ids)
        assert store_image(BytesIO(png(0)), name="0.png").kind == "stored"
    assert len(folders()) == 3


def test_a_deleted_image_can_come_again(
    image_ids: list[int],
    png: Callable[[int], bytes],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        delete(image_ids)
    assert store_image(BytesIO(png(0)), name="0.png").kind == "stored"
