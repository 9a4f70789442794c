"""Actions of every part of the site leave their row: uploads, weights, rebuilds, imports and exports."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from numpy.typing import NDArray
from pytest_django.fixtures import Settings

from gallery.intake.store import store_image, store_images
from review.models import AuditRow
from review.verdicts.record import record
from search.background import tasks
from search.methods import METHODS
from search.models import WeightSet
from search.scoring.fusion import DEFAULT_WEIGHTS
from search.weights.adopted import adopt, go_back
from tests.gallery.encoding import encode

pytestmark = pytest.mark.django_db
ONE, OTHER = "1" * 64, "a" * 64


@pytest.fixture(autouse=True)
def _folders(settings: Settings, tmp_path: Path) -> None:
    settings.ORIGINALS_DIR = tmp_path / "originals"
    settings.DERIVATIVES_DIR = tmp_path / "derivatives"


def newest() -> AuditRow:
    return AuditRow.objects.latest("number")


# Uploads


def test_an_upload(picture: NDArray[np.uint8], admin_user: User) -> None:
    data = encode(picture, "PNG")
    store_image(BytesIO(data), name="folder/heron.png", user=admin_user)
    digest = sha256(data).hexdigest()
    row = AuditRow.objects.get()
    assert (row.action, row.subject, row.actor) == ("upload", digest, admin_user)
    assert row.details == {"sha256": [digest], "known": [], "names": {digest: "heron.png"}}
    store_image(BytesIO(data), name="again.png", user=admin_user)
    assert newest().details == {"sha256": [], "known": [digest], "names": {digest: "again.png"}}


def test_a_batch_is_one_act(picture: NDArray[np.uint8], tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        path.write_bytes(encode(np.roll(picture, number, axis=1), "PNG"))
    list(store_images(paths, collections=["Birds"], num_decoders=1))
    row = newest()
    assert (row.action, row.subject, row.actor_name) == ("upload", "", "")
    assert row.details["subject"] == {"kind": "images", "num": 3}
    assert len(row.details["sha256"]) == 3
    assert row.details["collections"] == ["Birds"]
    list(store_images(paths, collections=["Birds"], num_decoders=1))
    assert newest() == row  # the folder is as it was


def test_bytes_that_cannot_be_kept_leave_no_row(
    picture: NDArray[np.uint8], admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*args: Any) -> None:
        raise OSError("gone")

    monkeypatch.setattr("gallery.storage.originals.keep", crash)
    with pytest.raises(OSError, match="gone"):
        store_image(BytesIO(encode(picture, "PNG")), name="heron.png", user=admin_user)
    assert not AuditRow.objects.exists()


# Settings


def test_weights(admin_user: User) -> None:
    learned = dict.fromkeys(METHODS, 0.0) | {"color": 0.25, "deep": 0.75}
    row = WeightSet.objects.create(state="ready", source="labels", weights=learned)
    adopt(row, admin_user)
    told = newest()
    assert (told.action, told.subject, told.actor) == ("settings", "weights", admin_user)
    assert (told.details["before"], told.details["learned"]) == (DEFAULT_WEIGHTS, row.pk)
    assert told.details["after"]["deep"] == 0.75
    go_back(admin_user)
    assert newest().details["learned"] is None


@pytest.mark.parametrize(
    ("path", "subject"), [("/status/rebuild/", "index"), ("/admin/search/generation/rebuild/", "index")]
)
def test_rebuilding(admin_client: Client, monkeypatch: pytest.MonkeyPatch, path: str, subject: str) -> None:
    monkeypatch.setattr(tasks, "enqueue_build", lambda _user: True)
    admin_client.post(path)
    assert (newest().action, newest().subject, newest().actor_name) == ("settings", subject, "admin")


def test_a_rebuild_that_cannot_be_asked_for_is_no_act(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "enqueue_build", lambda _user: False)
    admin_client.post("/status/rebuild/")
    assert not AuditRow.objects.exists()


# Files


def test_exports_and_imports_by_command(tmp_path: Path) -> None:
    record(ONE, OTHER, "same", author_name="ada")
    path = tmp_path / "verdicts.csv"
    call_command("export_verdicts", str(path), stdout=StringIO())
    told = newest()
    assert (told.action, told.subject, told.details["verdicts"]) == ("export", "verdicts", 1)
    path.write_text(path.read_text().replace(ONE, "2" * 64))
    call_command("import_verdicts", str(path), stdout=StringIO())
    told = newest()
    assert (told.action, told.subject) == ("verdict", "")
    assert told.details == {"act": "import", "authors": ["ada"], "subject": {"kind": "verdicts", "num": 1}}
    call_command("import_verdicts", str(path), stdout=StringIO())
    assert newest() == told  # nothing was new


def test_an_export_into_another_kind_of_file_is_no_act(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("export_verdicts", str(tmp_path / "verdicts.txt"), stdout=StringIO())
    assert caught.value.returncode == 2
    assert not AuditRow.objects.exists()
