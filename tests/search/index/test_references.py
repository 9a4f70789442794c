"""References: a file of a generation is its index, or names one that a server keeps."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from search import index as registry
from search.exceptions import IndexDamagedError
from search.index import load_backend
from search.index.references import drop_remote, place_index, uri_of
from tests.codes import refused
from tests.search.index.memory_backend import SERVER, MemoryBackend

ROWS = np.eye(3, dtype=np.float32)


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(registry.BACKENDS, "memory", f"{MemoryBackend.__module__}.{MemoryBackend.__qualname__}")
    yield
    SERVER.clear()


def build_remote(folder: Path, name: str = "color") -> Path:
    path, uri = place_index(MemoryBackend, folder, name)
    MemoryBackend.build(ROWS, uri, seed=1, threads=1)
    return path


def test_a_file_stands_for_itself(tmp_path: Path) -> None:
    exact = load_backend("exact")
    path, uri = place_index(exact, tmp_path, "color")
    exact.build(ROWS, uri, seed=1, threads=1)
    assert [*tmp_path.iterdir()] == [path]
    assert exact.open(uri_of(path), 3, 3).search(ROWS[1:2], 1)[0].tolist() == [[1]]
    assert drop_remote(tmp_path)
    assert path.exists()


def test_the_name_of_a_remote_index_is_kept_before_it_is_built(tmp_path: Path) -> None:
    path, uri = place_index(MemoryBackend, tmp_path, "color")
    assert uri_of(path) == uri
    assert drop_remote(tmp_path)


def test_all_remote_indexes_are_dropped(tmp_path: Path) -> None:
    for name in ("color", "deep"):
        build_remote(tmp_path, name)
    assert len(SERVER) == 2
    assert drop_remote(tmp_path)
    assert SERVER == {}


def test_what_cannot_be_dropped_now_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    build_remote(tmp_path)
    with monkeypatch.context() as outage:
        outage.setattr(MemoryBackend, "down", True)
        assert not drop_remote(tmp_path)
        outage.delitem(registry.BACKENDS, "memory")
        assert not drop_remote(tmp_path)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert drop_remote(tmp_path)
    assert SERVER == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", "7", '{"backend": "memory"}', "\x00"])
def test_a_name_that_cannot_be_read(tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str) -> None:
    path = build_remote(tmp_path)
    path.write_text(text)
    with refused(IndexDamagedError, "index_name_unreadable", file=path.name):
        uri_of(path)
    assert drop_remote(tmp_path)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
