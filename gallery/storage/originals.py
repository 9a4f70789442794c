"""The bytes as they came: received, kept under their hash, removed."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import OperationalError

from gallery.storage import temporary
from gallery.storage.paths import original_path

CHUNK_BYTES = 2**20


class TooLargeError(Exception):
    """More bytes came than the site accepts."""


@dataclass(frozen=True, slots=True)
class Received:
    """A file written to disk under a passing name, known by its hash."""

    path: Path
    sha256: str
    num_bytes: int

    def discard(self) -> None:
        """Remove the passing file."""
        self.path.unlink(missing_ok=True)


def receive(file: BinaryIO | Path, max_bytes: int) -> Received:
    """Write a file to disk, hashing it on the way.

    Raises
    ------
    TooLargeError : nothing is kept then
    OSError : nothing is kept then; the disk may be full
    """
    if isinstance(file, Path):
        with file.open("rb") as opened:
            return receive(opened, max_bytes)
    handle, path = temporary.create(Path(settings.ORIGINALS_DIR))
    try:
        with os.fdopen(handle, "wb") as out:
            sha256, num_bytes = _copy(file, out, max_bytes)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Received(path, sha256, num_bytes)


def _copy(file: BinaryIO, out: BinaryIO, max_bytes: int) -> tuple[str, int]:
    digest, num_bytes = hashlib.sha256(), 0
    while chunk := file.read(CHUNK_BYTES):
        num_bytes += len(chunk)
        if num_bytes > max_bytes:
            raise TooLargeError(f"The file has more than {max_bytes} bytes.")
        digest.update(chunk)
        out.write(chunk)
    return digest.hexdigest(), num_bytes


def keep(files: Iterable[Received]) -> None:
    """Move received files to their places for good; the same bytes may already be there."""
    folders = set()
    for received in files:
        path = original_path(received.sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        received.path.replace(path)
        folders.add(path.parent)
    for folder in folders:  # after all renames: the first of these writes the journal for the others as well
        temporary.sync_folder(folder)


def is_at_hand(sha256: str) -> bool:
    """Tell whether the bytes kept under a hash can be opened now; if not, they may be back later."""
    try:
        original_path(sha256).open("rb").close()
    except OSError:
        return False
    return True


def remove(sha256: str) -> None:
    """Remove the bytes kept under a hash, if any."""
    original_path(sha256).unlink(missing_ok=True)


def empty(sha256: str) -> None:
    """Give back the room of the bytes kept under a hash; that there is a file, though empty, says that they came."""
    with suppress(FileNotFoundError):
        os.truncate(original_path(sha256), 0)


@contextmanager
def exclusive() -> Iterator[None]:
    """Keep other processes and threads from adding or removing originals.

    Held while a file and its row come or go together, so that nobody deletes bytes that were just uploaded again.
    """
    folder = Path(settings.ORIGINALS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def is_disk_full(error: OSError | OperationalError) -> bool:
    """Tell whether a file or the database could not be written for want of space or quota."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return any(phrase in str(error).lower() for phrase in ("disk is full", "no space left"))
