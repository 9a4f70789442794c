"""A disk that fills up while files are still on their way."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client

from gallery.models import Image
from jobs.errors import sentence

pytestmark = pytest.mark.django_db


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every temporary file of an upload lie on a device that is always full."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    new_file = TemporaryFileUploadHandler.new_file

    def on_full_device(self: TemporaryFileUploadHandler, *args: object, **kwargs: object) -> None:
        new_file(self, *args, **kwargs)
        self.file.file.close()
        self.file.file = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115 (closed with the upload)

    monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", on_full_device)


@pytest.mark.parametrize("size", [10, 300_000])
def test_gallery_upload_is_answered_507(client: Client, full_disk: None, size: int) -> None:
    file = SimpleUploadedFile("cat.png", b"x" * size)
    response = client.post("/upload/", {"files": file}, headers={"Accept": "application/json"})
    assert response.status_code == 507
    assert response.json()["results"][0]["reason"] == "disk_full"
    assert not Image.objects.exists()


def test_the_page_says_so_too(client: Client, full_disk: None) -> None:
    response = client.post("/upload/", {"files": SimpleUploadedFile("cat.png", b"x" * 10)})
    assert response.status_code == 507
    assert sentence("disk_full") in response.text


def test_search_upload_is_answered_507(client: Client, full_disk: None) -> None:
    response = client.post("/search/upload/", {"file": SimpleUploadedFile("cat.png", b"x" * 10)})
    assert response.status_code == 507
