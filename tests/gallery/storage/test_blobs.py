"""The contract of a store of blobs, for every store there is, and what the folder's own files are called."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings

from gallery.decoding import Decoder
from gallery.storage import BLOBS
from gallery.storage.blobs import BlobAbsentError, BlobKind, BlobStore, BlobUnreadableError
from gallery.storage.folder import FolderBlobStore, root

KEY = "ab12cd" + "0" * 58
STORES: list[Callable[[], BlobStore]] = [FolderBlobStore]


@pytest.fixture(autouse=True)
def _own_folders(settings: LazySettings, tmp_path: Path) -> None:
    for name in ("ORIGINALS_DIR", "DERIVATIVES_DIR", "QUERIES_DIR", "COMPARISONS_DIR"):
        setattr(settings, name, tmp_path / name.lower())


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> BlobStore:
    made: BlobStore = request.param()
    return made


def fill(store: BlobStore, kind: BlobKind, data: bytes) -> Path:
    """Return a temporary file with these bytes."""
    handle, path = store.create_temporary(kind)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    return path


def read(store: BlobStore, kind: BlobKind, key: str) -> bytes:
    with store.open(kind, key) as file:
        return file.read()


@pytest.mark.parametrize("kind", list(BlobKind))
class TestEveryKind:
    def test_it_works(self, store: BlobStore, kind: BlobKind) -> None:
        source = fill(store, kind, b"bytes")
        store.put(kind, KEY, source)
        store.make_durable(kind, [KEY])
        assert not source.exists()
        assert store.exists(kind, KEY)
        assert read(store, kind, KEY) == b"bytes"
        assert list(store.keys(kind)) == [KEY]

    def test_the_last_bytes_put_are_the_ones_kept(self, store: BlobStore, kind: BlobKind) -> None:
        store.put_bytes(kind, KEY, b"first")
        store.put_bytes(kind, KEY, b"second, and longer")
        assert read(store, kind, KEY) == b"second, and longer"
        assert list(store.keys(kind)) == [KEY]

    def test_who_reads_meanwhile_keeps_what_was_opened(self, store: BlobStore, kind: BlobKind) -> None:
        store.put_bytes(kind, KEY, b"first")
        with store.open(kind, KEY) as file:
            store.put_bytes(kind, KEY, b"second")
            assert file.read() == b"first"

    def test_a_temporary_file_is_no_blob(self, store: BlobStore, kind: BlobKind) -> None:
        path = fill(store, kind, b"half a fi")
        assert list(store.keys(kind)) == []
        assert not store.exists(kind, path.name)

    def test_a_deleted_blob_is_absent(self, store: BlobStore, kind: BlobKind) -> None:
        store.put_bytes(kind, KEY, b"bytes")
        store.delete(kind, KEY)
        store.delete(kind, KEY)
        assert not store.exists(kind, KEY)
        assert list(store.keys(kind)) == []
        with pytest.raises(BlobAbsentError):
            store.open(kind, KEY)

    def test_an_emptied_blob_is_there(self, store: BlobStore, kind: BlobKind) -> None:
        store.put_bytes(kind, KEY, b"bytes")
        store.empty(kind, KEY)
        assert read(store, kind, KEY) == b""

    def test_emptying_what_is_absent_makes_nothing(self, store: BlobStore, kind: BlobKind) -> None:
        store.empty(kind, KEY)
        assert not store.exists(kind, KEY)

    def test_kinds_are_apart(self, store: BlobStore, kind: BlobKind) -> None:
        for each in BlobKind:
            store.put_bytes(each, KEY, each.value.encode())
        store.delete(kind, KEY)
        assert {each for each in BlobKind if store.exists(each, KEY)} == set(BlobKind) - {kind}

    def test_only_old_temporary_files_are_swept(self, store: BlobStore, kind: BlobKind) -> None:
        old, young = fill(store, kind, b"old"), fill(store, kind, b"young")
        store.put_bytes(kind, KEY, b"a blob, however old")
        os.utime(old, (1000, 1000))
        assert store.sweep(older_than=2000) == 1
        assert (old.exists(), young.exists(), store.exists(kind, KEY)) == (False, True, True)


class TestLocalFile:
    def test_it_is_read_under_a_path(self, store: BlobStore) -> None:
        store.put_bytes(BlobKind.ORIGINAL, KEY, b"bytes")
        with store.local_file(BlobKind.ORIGINAL, KEY) as path:
            assert path.read_bytes() == b"bytes"

    def test_an_absent_one_is_named(self, store: BlobStore) -> None:
        with pytest.raises(BlobAbsentError) as raised, store.local_file(BlobKind.ORIGINAL, KEY) as path:
            path.read_bytes()
        assert raised.value.errno == errno.ENOENT

    def test_the_decoder_meets_an_absent_one(self, store: BlobStore, decoder: Decoder) -> None:
        with pytest.raises(BlobAbsentError), store.local_file(BlobKind.ORIGINAL, KEY) as path:
            decoder.pixels(path, 8)

    def test_another_file_in_the_same_block_is_not_the_blob(self, store: BlobStore, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError) as raised, store.local_file(BlobKind.ORIGINAL, KEY):
            (tmp_path / "another").read_bytes()
        assert not isinstance(raised.value, BlobAbsentError)


@pytest.mark.parametrize("key", ["", "../above", "a/b", ".lock", "a b", "a\x00", "a\n", "ü", "/etc/passwd"])
def test_no_other_keys(store: BlobStore, key: str) -> None:
    for act in (store.open, store.exists, store.delete, store.empty):
        with pytest.raises(ValueError, match="key"):
            act(BlobKind.QUERY, key)
    with pytest.raises(ValueError, match="key"):
        store.put_bytes(BlobKind.QUERY, key, b"bytes")


def test_the_errors_are_those_of_the_system() -> None:
    """Whoever waits for files that are away catches OSError; whoever looks for a gap catches FileNotFoundError."""
    assert issubclass(BlobAbsentError, FileNotFoundError)
    assert issubclass(BlobUnreadableError, OSError)
    assert not issubclass(BlobUnreadableError, FileNotFoundError)


def test_folder_what_cannot_be_opened_is_not_absent() -> None:
    blocked = FolderBlobStore().path(BlobKind.ORIGINAL, KEY)
    blocked.mkdir(parents=True)
    with pytest.raises(BlobUnreadableError) as raised:
        BLOBS.open(BlobKind.ORIGINAL, KEY)
    assert (raised.value.errno, raised.value.filename) == (errno.EISDIR, str(blocked))
    with pytest.raises(BlobUnreadableError), BLOBS.local_file(BlobKind.ORIGINAL, KEY) as path:
        path.read_bytes()


def test_folder_a_failed_write_leaves_nothing() -> None:
    blocked = FolderBlobStore().path(BlobKind.COMPARISON, "7-plain.webp")
    blocked.mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        BLOBS.put_bytes(BlobKind.COMPARISON, "7-plain.webp", b"a map")
    assert [path for path in root(BlobKind.COMPARISON).rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("kind", "key", "place"),
    [
        (BlobKind.ORIGINAL, KEY, f"originals_dir/ab/12/{KEY}"),
        (BlobKind.DERIVATIVE, f"{KEY}-thumb.webp", f"derivatives_dir/ab/12/{KEY}-thumb.webp"),
        (BlobKind.QUERY, "0f" * 16, f"queries_dir/{'0f' * 16}"),
        (BlobKind.QUERY, f"{'0f' * 16}.webp", f"queries_dir/{'0f' * 16}.webp"),
        (BlobKind.COMPARISON, "12-aligned.webp", "comparisons_dir/12-aligned.webp"),
    ],
)
def test_folder_files_lie_where_they_always_did(tmp_path: Path, kind: BlobKind, key: str, place: str) -> None:
    BLOBS.put_bytes(kind, key, b"bytes")
    assert (tmp_path / place).read_bytes() == b"bytes"
