"""Incoming files: written to a temporary file and hashed, then stored or discarded."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gallery.storage import BLOBS
from gallery.storage.blobs import BlobKind

CHUNK_BYTES = 2**20
STALE_SECONDS = 3600


class TooLargeError(Exception):
    """More bytes came than the site accepts."""


@dataclass(frozen=True, slots=True)
class Received:
    """A file written to disk under a temporary name, known by its hash."""

    path: Path
    sha256: str
    num_bytes: int

    def discard(self) -> None:
        """Remove the temporary file, unless it was kept."""
        self.path.unlink(missing_ok=True)


def receive(kind: BlobKind, file: BinaryIO | Path, max_bytes: int) -> Received:
    """Write a file to disk, hashing it on the way.

    Raises
    ------
    TooLargeError : nothing is kept then
    OSError : nothing is kept then; the disk may be full
    """
    if isinstance(file, Path):
        with file.open("rb") as opened:
            return receive(kind, opened, max_bytes)
    handle, path = BLOBS.create_temporary(kind)
    try:
        with os.fdopen(handle, "wb") as out:
            sha256, num_bytes = _copy(file, out, max_bytes)
            out.flush()
            os.fsync(out.fileno())  # the name will promise this hash, also after a power cut
    except BaseException:  # also Ctrl-C: the sweep would find the file an hour later only
        path.unlink(missing_ok=True)
        raise
    return Received(path, sha256, num_bytes)


def sweep() -> int:
    """Remove what processes left that were killed while writing; return how many files."""
    return BLOBS.sweep(older_than=time.time() - STALE_SECONDS)


def _copy(file: BinaryIO, out: BinaryIO, max_bytes: int) -> tuple[str, int]:
    digest, num_bytes = hashlib.sha256(), 0
    while chunk := file.read(CHUNK_BYTES):
        num_bytes += len(chunk)
        if num_bytes > max_bytes:
            raise TooLargeError(f"The file has more than {max_bytes} bytes.")
        digest.update(chunk)
        out.write(chunk)
    return digest.hexdigest(), num_bytes
