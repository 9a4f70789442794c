"""A disk that fills up while files are still on their way."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import StopFutureHandlers, StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest
from django.test import Client, RequestFactory

from gallery.intake.upload_handler import MARK, SpoolingHandler, disk_was_full
from gallery.models import Image
from jobs.errors import sentence

pytestmark = pytest.mark.django_db
Act = Callable[[SpoolingHandler], Any]
ACTS: dict[str, Act] = {
    "new_file": lambda handler: handler.new_file("image", "heron.png", "image/png", 3),
    "receive_data_chunk": lambda handler: handler.receive_data_chunk(b"abc", 0),
    "file_complete": lambda handler: handler.file_complete(3),
}


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


@pytest.fixture
def request_(rf: RequestFactory) -> HttpRequest:
    request: HttpRequest = rf.post("/upload/")
    return request


def failing(monkeypatch: pytest.MonkeyPatch, act: str, number: int) -> None:
    """Let what Django does at one point meet an error of the system."""

    def fail(*_args: Any, **_options: Any) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(TemporaryFileUploadHandler, act, fail)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_ends_the_upload_and_leaves_a_mark(
    request_: HttpRequest, monkeypatch: pytest.MonkeyPatch, act: str, number: int
) -> None:
    failing(monkeypatch, act, number)
    with pytest.raises(StopUpload) as caught:
        ACTS[act](SpoolingHandler(request_))
    assert not caught.value.connection_reset  # the rest is read, so that the browser shows the answer
    assert request_.META[MARK]
    assert disk_was_full(request_)


@pytest.mark.parametrize("act", ACTS)
def test_other_errors_stay_errors(request_: HttpRequest, monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    failing(monkeypatch, act, errno.EIO)
    with pytest.raises(OSError, match="no") as caught:
        ACTS[act](SpoolingHandler(request_))
    assert caught.value.errno == errno.EIO
    assert not disk_was_full(request_)


def test_without_a_request_there_is_nobody_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, "new_file", errno.ENOSPC)
    with pytest.raises(OSError, match="no"):
        ACTS["new_file"](SpoolingHandler(None))


def test_a_file_comes_through(request_: HttpRequest) -> None:
    handler = SpoolingHandler(request_)
    try:
        handler.new_file("image", "heron.png", "image/png", 3)
    except StopFutureHandlers:
        pytest.fail("later handlers would never see the file")
    assert handler.receive_data_chunk(b"abc", 0) is None
    file = handler.file_complete(3)
    assert file is not None
    with file:
        assert file.read() == b"abc"
    assert not disk_was_full(request_)
