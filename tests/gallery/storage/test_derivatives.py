"""The copies that browsers get."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import LazySettings

from gallery.decoding import Decoder, Refused
from gallery.intake.store import store_image
from gallery.storage.derivatives import remove_derivatives, restore_derivatives, write_derivatives
from tests.gallery.blob_files import derivative_path, original_path

pytestmark = pytest.mark.usefixtures("folders")

SHA256 = "ab" * 32


def test_it_works(folders: Callable[[], list[str]]) -> None:
    write_derivatives(SHA256, {"thumb": b"small", "display": b"large"})
    assert derivative_path(SHA256, "thumb").read_bytes() == b"small"
    assert derivative_path(SHA256, "display").read_bytes() == b"large"
    remove_derivatives(SHA256)
    remove_derivatives(SHA256)
    assert folders() == []


def test_a_failed_write_leaves_nothing(folders: Callable[[], list[str]], settings: LazySettings) -> None:
    blocked = derivative_path(SHA256, "display")
    blocked.mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write_derivatives(SHA256, {"thumb": b"small", "display": b"large"})
    blocked.rmdir()
    assert folders() == []


@pytest.mark.django_db
def test_lost_copies_are_made_again(png: Callable[[int], bytes], decoder: Decoder) -> None:
    image = store_image(BytesIO(png(0)), name="a.png").image
    assert image is not None
    before = derivative_path(image.sha256, "thumb").read_bytes()
    remove_derivatives(image.sha256)
    restore_derivatives(image.sha256, decoder)
    assert derivative_path(image.sha256, "thumb").read_bytes() == before


def test_what_cannot_be_decoded_has_no_copies(decoder: Decoder, tmp_path: Path) -> None:
    original_path(SHA256).parent.mkdir(parents=True)
    original_path(SHA256).write_bytes(b"text")
    with pytest.raises(Refused, match="type_not_allowed"):
        restore_derivatives(SHA256, decoder)
    original_path(SHA256).unlink()
    with pytest.raises(FileNotFoundError):
        restore_derivatives(SHA256, decoder)
