"""What killed processes, absent folders and full disks leave behind: decoded later, waited for, never given up."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from gallery.decoding import get_decoder
from gallery.intake.decode_and_settle import admit_registered, decode_image
from gallery.intake.rows import Registered
from gallery.intake.store import finish_pending, retry_refused, store_image
from gallery.models import Image
from gallery.storage import BLOBS, originals
from gallery.storage.blobs import BlobKind
from tests.gallery.blob_files import derivative_path, original_path
from tests.gallery.intake.leftovers import leave_pending, tried_again_later

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folders")]
Png = Callable[[int], bytes]
Names = Callable[[], list[str]]
Heard = list[tuple[str, list[int]]]


def test_retry_of_an_absent_original_says_so_and_waits_for_it(png: Png) -> None:
    image = store_image(BytesIO(png(0)), name="a.jpg").image
    assert image is not None
    path = original_path(image.sha256)
    away = path.rename(path.with_suffix(".away"))
    outcome = retry_refused(image)
    assert (outcome.kind, outcome.reason) == ("refused", "original_unavailable")
    image.refresh_from_db()
    assert (image.status, image.reason) == ("pending", "original_unavailable")
    away.rename(path)
    tried_again_later()
    assert finish_pending() == 1
    image.refresh_from_db()
    assert (image.status, image.reason, image.retry_at) == ("refused", "type_mismatch", None)


def test_the_same_upload_finishes_a_leftover(png: Png, heard: Heard) -> None:
    image = leave_pending(png(0), age_seconds=0)
    outcome = store_image(BytesIO(png(0)), name="a.png")
    assert (outcome.kind, outcome.image) == ("stored", image)
    assert heard == [("stored", [image.pk])]


def test_finish_pending_decodes_leftovers(png: Png, heard: Heard) -> None:
    image, refused = leave_pending(png(0)), leave_pending(b"text")
    assert finish_pending() == 2
    image.refresh_from_db()
    refused.refresh_from_db()
    assert (image.status, refused.status) == ("ready", "refused")
    assert derivative_path(image.sha256, "thumb").exists()
    assert heard == [("stored", [image.pk])]
    assert finish_pending() == 0


def test_finish_pending_leaves_uploads_in_flight_alone(png: Png) -> None:
    leave_pending(png(0), age_seconds=5)
    assert finish_pending() == 0


def test_finish_pending_keeps_to_its_limit(png: Png) -> None:
    for number in range(3):
        leave_pending(png(number))
    assert [finish_pending(limit=2), finish_pending(limit=2)] == [2, 1]


def test_an_absent_original_is_waited_for(png: Png, heard: Heard, caplog: pytest.LogCaptureFixture) -> None:
    images = [leave_pending(png(number)) for number in range(3)]
    paths = [original_path(image.sha256) for image in images[:2]]
    away = [path.rename(path.with_suffix(".away")) for path in paths]
    assert finish_pending() == 1
    assert [record.args for record in caplog.records if record.name == "gallery.intake.store"] == [(2,)]
    found = list(Image.objects.order_by("pk").values_list("status", "reason"))
    assert found == [("pending", "original_unavailable")] * 2 + [("ready", "")]
    assert finish_pending() == 0  # not yet due
    for path, place in zip(away, paths, strict=True):
        path.rename(place)
    assert finish_pending() == 0
    tried_again_later()
    assert finish_pending() == 2
    assert set(Image.objects.values_list("status", "reason", "retry_at")) == {("ready", "", None)}
    assert sorted(pk for _word, ids in heard for pk in ids) == [image.pk for image in images]


def test_folders_that_cannot_be_entered_are_waited_for(png: Png, settings: LazySettings, tmp_path: Path) -> None:
    image = leave_pending(png(0))
    folder = Path(settings.ORIGINALS_DIR)
    away = folder.rename(tmp_path / "away")
    folder.write_text("not a folder, as where a disk is not mounted")
    image.refresh_from_db()
    registered = [Registered(image, created=False)]
    outcome = admit_registered(registered, lambda images: [decode_image(i, get_decoder()) for i in images]).outcomes()
    assert outcome[0].reason == "original_unavailable"
    folder.unlink()
    away.rename(folder)
    tried_again_later()
    assert finish_pending() == 1
    assert Image.objects.get().status == Image.Status.READY


def test_the_pause_before_an_absent_original_is_tried_again_grows(png: Png) -> None:
    image = leave_pending(png(0))
    original_path(image.sha256).unlink()
    pauses = []
    for age in (40, 400, 4000, 400_000):
        now = timezone.now()
        Image.objects.update(retry_at=None, uploaded_at=now - timedelta(seconds=age))
        assert finish_pending() == 0
        retry_at = Image.objects.get().retry_at
        assert retry_at is not None
        pauses.append(round((retry_at - now).total_seconds(), -1))
    assert pauses == [40, 400, 3600, 3600]


def test_absent_originals_do_not_keep_others_waiting(png: Png) -> None:
    absent = [leave_pending(png(number)) for number in range(3)]
    for image in absent:
        original_path(image.sha256).unlink()
    assert finish_pending(limit=3) == 0
    tried_again_later()
    present = leave_pending(png(3))
    assert finish_pending(limit=1) == 1
    present.refresh_from_db()
    assert present.status == Image.Status.READY


def test_an_absent_original_may_be_uploaded_again(png: Png) -> None:
    stored = store_image(BytesIO(png(0)), name="a.png").image
    assert stored is not None
    original_path(stored.sha256).unlink()
    assert store_image(BytesIO(png(0)), name="a.png").kind == "duplicate"
    assert original_path(stored.sha256).read_bytes() == png(0)


def test_bytes_given_up_for_space_are_told_from_absent_ones(png: Png) -> None:
    image = leave_pending(png(0))
    originals.empty(image.sha256)
    assert finish_pending() == 1
    image.refresh_from_db()
    assert (image.status, image.reason) == ("refused", "truncated")
    original_path(image.sha256).unlink()
    originals.empty(image.sha256)
    assert not original_path(image.sha256).exists()


def test_finish_pending_sweeps_temporary_files(folders: Names) -> None:
    old = timezone.now().timestamp() - 7200
    new_names = []
    for kind in (BlobKind.ORIGINAL, BlobKind.DERIVATIVE):
        (old_handle, old_path), (new_handle, new_path) = (BLOBS.create_temporary(kind) for _ in range(2))
        os.close(old_handle)
        os.close(new_handle)
        os.utime(old_path, (old, old))
        new_names.append(new_path.name)
    finish_pending()
    assert folders() == sorted(new_names)


def test_a_broken_disk_is_never_given_up(png: Png, settings: LazySettings, tmp_path: Path) -> None:
    """A file stands where the folder of derivatives should be: writing fails, though not for want of space."""
    blocked = tmp_path / "blocked"
    blocked.write_text("not a folder")
    settings.DERIVATIVES_DIR = blocked
    image = leave_pending(png(0))
    outcome = store_image(BytesIO(png(0)), name="a.png")
    assert (outcome.kind, outcome.reason) == ("refused", "internal_retry_exhausted")
    image.refresh_from_db()
    assert image.status == Image.Status.PENDING
    Image.objects.update(uploaded_at=timezone.now() - timedelta(hours=2))
    Image.objects.update(retry_at=None)
    assert finish_pending() == 0
    image.refresh_from_db()
    assert (image.status, image.reason) == ("pending", "")
    blocked.unlink()
    tried_again_later()
    assert finish_pending() == 1
    image.refresh_from_db()
    assert image.status == Image.Status.READY
