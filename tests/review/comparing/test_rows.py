"""Comparisons as rows: waiting, stored, deleted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.db import transaction
from PIL import Image as Picture

from gallery.models import Image
from gallery.signals import images_removed
from jobs.progress import JobStoppedError, Progress
from jobs.rows import JobState
from review.comparing import rows
from review.comparing.closely import Findings
from review.comparing.jobs import comparison
from review.models import Comparison
from search.features import registry
from tests.gallery.blob_files import map_path
from tests.gallery.rows import make_images

pytestmark = pytest.mark.django_db
ONE, OTHER = "1" * 64, "2" * 64


def findings() -> Findings:
    shades = np.zeros((20, 30, 4), np.uint8)
    shades[5:, :, 3] = 255
    return Findings({"differences": {"plain": {"mean": 0.5, "overlap": 1.0}}}, {"plain": shades})


def taken(first: str = ONE, second: str = OTHER) -> tuple[Comparison, Progress[Comparison]]:
    """Return a comparison that is being computed."""
    row = comparison.claim(rows.want(first, second)[0].pk)
    assert row is not None
    return row, Progress(row)


def kept(first: str = ONE, second: str = OTHER) -> Comparison:
    row, progress = taken(first, second)
    rows.keep(row, findings(), progress)
    return Comparison.objects.get(pk=row.pk)


def test_it_works() -> None:
    row = kept()
    assert (row.state, row.attempts, row.document) == (JobState.READY, 1, findings().document)
    assert rows.kinds_of(row) == ["plain"]
    with Picture.open(map_path(row.pk, "plain")) as picture:
        assert (picture.format, picture.size, picture.mode) == ("WEBP", (30, 20), "RGBA")
    assert rows.want(ONE, OTHER) == (row, False)
    assert rows.find(ONE, OTHER) == row


def test_the_textbooks_values_are_found_in_any_order() -> None:
    assert rows.textbook_values_of(ONE, OTHER) == {}
    row = kept()
    Comparison.objects.update(document=row.document | {"guides": {"color": 0.25}})
    assert rows.textbook_values_of(ONE, OTHER) == rows.textbook_values_of(OTHER, ONE) == {"color": 0.25}
    assert rows.textbook_values_of(ONE, "3" * 64) == {}


def test_it_is_wanted_once() -> None:
    row, is_due = rows.want(ONE, OTHER)
    assert is_due
    assert row.state == JobState.WAITING
    assert rows.want(ONE, OTHER) == (row, False)


def test_the_other_order_is_another_comparison() -> None:
    assert rows.want(ONE, OTHER)[0] != rows.want(OTHER, ONE)[0]


def test_another_version_of_a_method_asks_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    row = kept()
    versions = registry.current_versions() | {"color": "newer"}
    monkeypatch.setattr(rows, "current_versions", lambda: versions)
    assert rows.find(ONE, OTHER) is None
    assert rows.want(ONE, OTHER) != (row, False)
    assert len(rows.recipe()) <= 64


def test_maps_that_are_gone_are_drawn_again() -> None:
    row = kept()
    map_path(row.pk, "plain").unlink()
    again, is_due = rows.want(ONE, OTHER)
    assert (again.pk, again.state, is_due) == (row.pk, JobState.WAITING, True)


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    many = [kept(ONE, digit * 64) for digit in "23456"]
    settings.ENV = settings.ENV.model_copy(update={"comparisons_kept": 3})
    assert rows.forget_oldest() == 2
    assert list(Comparison.objects.order_by("pk")) == many[2:]
    assert [map_path(row.pk, "plain").exists() for row in many] == [False, False, True, True, True]
    assert rows.forget_oldest() == 0


def test_what_was_forgotten_meanwhile_leaves_no_files() -> None:
    row, progress = taken()
    rows.forget_images([OTHER])
    with pytest.raises(JobStoppedError):
        rows.keep(row, findings(), progress)
    assert not map_path(row.pk, "plain").exists()


def test_comparisons_of_removed_images_are_forgotten() -> None:
    first, second, third = make_images(3)
    gone, stays = kept(first.sha256, second.sha256), kept(first.sha256, third.sha256)
    with transaction.atomic():
        images_removed.send(sender=Image, image_ids=[second.pk])
    assert list(Comparison.objects.all()) == [stays]
    assert not map_path(gone.pk, "plain").exists()


def test_a_full_disk_leaves_no_half_map(monkeypatch: pytest.MonkeyPatch) -> None:
    row, progress = taken()

    def refuse(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(OSError, match="No space"):
        rows.keep(row, findings(), progress)
    row.refresh_from_db()
    assert row.state == JobState.RUNNING
    assert not map_path(row.pk, "plain").exists()
