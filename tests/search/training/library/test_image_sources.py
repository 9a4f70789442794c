from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gallery.decoding import Refused
from search.exceptions import TrainingError
from search.training.library import image_sources
from search.training.library.image_sources import Photographs
from tests.codes import refused


def png(shade: int, width: int = 40) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, 20), (shade, shade, shade)).save(file, "PNG")
    return file.getvalue()


FILES = {
    "b/two.png": png(2),
    "a/one.png": png(1, width=80),
    "a/broken.png": png(3)[:60],
    "a/notes.txt": b"no image by its name",
    ".hidden/x.png": png(4),
    "top.png": png(5),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "folder"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "photographs.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in FILES.items():
            file.writestr(name, content)
        file.writestr("__MACOSX/a/one.png", b"x")
    return path


def check(found: Photographs) -> None:
    assert len(found) == 4
    read = dict(zip(found.names, found.read(64), strict=True))
    assert dict(zip(found.names, found.labels, strict=True)) == {
        "a/broken.png": "a", "a/one.png": "a", "b/two.png": "b", "top.png": "",
    }  # fmt: skip
    one, two, broken = read["a/one.png"], read["b/two.png"], read["a/broken.png"]
    assert isinstance(one, np.ndarray)
    assert isinstance(two, np.ndarray)
    assert (one.shape, one.max()) == ((16, 64, 3), 1)
    assert (two.shape, two.max()) == ((20, 40, 3), 2)
    assert isinstance(broken, Refused)
    assert broken.reason in ("truncated", "corrupt")


def test_it_works(folder: Path) -> None:
    check(Photographs(folder))


def test_an_archive_is_read_like_a_folder(archive: Path) -> None:
    check(Photographs(archive))


def test_the_order_is_the_same_every_time(folder: Path, archive: Path) -> None:
    assert Photographs(folder).names == Photographs(folder).names
    assert Photographs(archive).names == sorted(Photographs(archive).names)


def test_a_file_that_goes_away_is_said(folder: Path) -> None:
    found = Photographs(folder)
    (folder / "top.png").unlink()
    read = dict(zip(found.names, found.read(64), strict=True))
    assert isinstance(read["top.png"], Refused)


def test_a_member_that_is_too_large_is_not_unpacked(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_sources, "MAX_MEMBER_BYTES", 10)
    assert {each.reason for each in Photographs(archive).read(64) if isinstance(each, Refused)} == {"too_large"}


def test_a_member_that_is_damaged_fails_alone(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    place = content.index(FILES["b/two.png"]) + 30
    content[place] ^= 0xFF
    archive.write_bytes(content)
    found = Photographs(archive)
    reasons = {
        name: each.reason for name, each in zip(found.names, found.read(64), strict=True) if isinstance(each, Refused)
    }
    assert reasons["b/two.png"] == "corrupt"
    assert "top.png" not in reasons


def test_nothing_there_is_refused(tmp_path: Path) -> None:
    with refused(TrainingError, "photographs_gone", path=str(tmp_path / "gone")):
        Photographs(tmp_path / "gone")


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.zip").write_text("<html>")
    with refused(TrainingError, "photographs_unreadable", path=str(tmp_path / "page.zip")):
        Photographs(tmp_path / "page.zip")
