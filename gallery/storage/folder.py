"""The store that keeps blobs in folders of DATA_DIR, each blob a file that bears its key as its name."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from gallery.storage.blobs import BlobAbsentError, BlobKind, BlobUnreadableError
from jobs.files import sync, whole_file

TEMPORARY = "incoming"
"""The folder of each kind in which files wait for their place: on the same disk, so that a rename moves them."""
SHARDED = frozenset({BlobKind.ORIGINAL, BlobKind.DERIVATIVE})
"""Kinds with too many files for one folder: they lie in folders of the first four digits of their keys."""
KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")  # neither slash nor leading dot: a key leads nowhere else


def root(kind: BlobKind) -> Path:
    """Return the folder of a kind, which need not be there yet."""
    match kind:
        case BlobKind.ORIGINAL:
            return Path(settings.ORIGINALS_DIR)
        case BlobKind.DERIVATIVE:
            return Path(settings.DERIVATIVES_DIR)
        case BlobKind.QUERY:
            return Path(settings.QUERIES_DIR)
        case BlobKind.COMPARISON:
            return Path(settings.COMPARISONS_DIR)


class FolderBlobStore:
    """See `gallery.storage.blobs.BlobStore`."""

    def path(self, kind: BlobKind, key: str) -> Path:
        """Return where the blob of a key lies, or would."""
        if not KEY.fullmatch(key):
            raise ValueError(f"expected a file name as the key, got {key!r}")
        folder = root(kind)
        return folder / key[:2] / key[2:4] / key if kind in SHARDED else folder / key

    def create_temporary(self, kind: BlobKind) -> tuple[int, Path]:
        folder = root(kind) / TEMPORARY
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        return handle, Path(name)

    def put(self, kind: BlobKind, key: str, source: Path) -> None:
        path = self.path(kind, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        source.replace(path)

    def put_bytes(self, kind: BlobKind, key: str, data: bytes) -> None:
        path, waiting = self.path(kind, key), root(kind) / TEMPORARY
        for folder in (path.parent, waiting):
            folder.mkdir(parents=True, exist_ok=True)
        # Not synced: copies, previews and maps can be made again, and there are many.
        with whole_file(path, durable=False, folder=waiting, mode=0o600) as file:
            file.write(data)

    def make_durable(self, kind: BlobKind, keys: Iterable[str]) -> None:
        # After all renames: the first of these writes the journal for the others as well.
        for folder in {self.path(kind, key).parent for key in keys}:
            sync(folder)

    def open(self, kind: BlobKind, key: str) -> BinaryIO:
        path = self.path(kind, key)
        try:
            return path.open("rb")
        except OSError as error:
            raise _named(error) from error

    @contextmanager
    def local_file(self, kind: BlobKind, key: str) -> Iterator[Path]:
        path = self.path(kind, key)
        try:
            yield path  # without a look at it: whoever opens it will see
        except OSError as error:
            if str(error.filename) != str(path):
                raise
            raise _named(error) from error

    def exists(self, kind: BlobKind, key: str) -> bool:
        return self.path(kind, key).exists()

    def empty(self, kind: BlobKind, key: str) -> None:
        with suppress(FileNotFoundError):
            os.truncate(self.path(kind, key), 0)

    def delete(self, kind: BlobKind, key: str) -> None:
        self.path(kind, key).unlink(missing_ok=True)

    def keys(self, kind: BlobKind) -> Iterator[str]:
        for path in root(kind).glob("??/??/*" if kind in SHARDED else "*"):
            if KEY.fullmatch(path.name) and path.is_file():
                yield path.name

    def sweep(self, older_than: float) -> int:
        folders = [root(kind) / TEMPORARY for kind in BlobKind]
        stale = [path for folder in folders for path in folder.glob("*") if _written_before(path, older_than)]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)


def _written_before(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:  # put in its place meanwhile
        return False


def _named(error: OSError) -> BlobAbsentError | BlobUnreadableError:
    """Return the store's own error for one of the system, with the same number, text and file."""
    name = BlobAbsentError if isinstance(error, FileNotFoundError) else BlobUnreadableError
    return name(error.errno, error.strerror, error.filename)
