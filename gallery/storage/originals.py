"""The bytes as they came, stored under their SHA-256."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from gallery.storage import BLOBS, incoming
from gallery.storage.blobs import BlobKind
from gallery.storage.folder import root
from gallery.storage.incoming import Received
from jobs.locks import locked

ORIGINAL = BlobKind.ORIGINAL


def receive(file: BinaryIO | Path, max_bytes: int) -> Received:
    """Write a file to disk, hashing it on the way; see `incoming.receive`."""
    return incoming.receive(ORIGINAL, file, max_bytes)


def keep(files: Iterable[Received]) -> None:
    """Move received files to their places for good; the same bytes may already be there."""
    kept = []
    for received in files:
        BLOBS.put(ORIGINAL, received.sha256, received.path)
        kept.append(received.sha256)
    BLOBS.make_durable(ORIGINAL, kept)


def open_original(sha256: str) -> BinaryIO:
    """Open the bytes kept under a hash for reading.

    Raises
    ------
    BlobAbsentError, BlobUnreadableError : they cannot be opened now; they may be back later
    """
    return BLOBS.open(ORIGINAL, sha256)


def local_file(sha256: str) -> AbstractContextManager[Path]:
    """Lend a path for the decoder to read the bytes under; see `BlobStore.local_file`."""
    return BLOBS.local_file(ORIGINAL, sha256)


def is_at_hand(sha256: str) -> bool:
    """Tell whether the bytes kept under a hash can be opened now; if not, they may be back later."""
    try:
        open_original(sha256).close()
    except OSError:
        return False
    return True


def remove(sha256: str) -> None:
    """Remove the bytes kept under a hash, if any."""
    BLOBS.delete(ORIGINAL, sha256)


def empty(sha256: str) -> None:
    """Give back the room of the bytes kept under a hash; that there is a file, though empty, says that they came."""
    BLOBS.empty(ORIGINAL, sha256)


@contextmanager
def exclusive() -> Iterator[None]:
    """Keep other processes and threads from adding or removing originals.

    Held while a file and its row come or go together, so that nobody deletes bytes that were just uploaded again.
    """
    folder = root(ORIGINAL)
    folder.mkdir(parents=True, exist_ok=True)
    # Of the file system, not of the database: it is taken before the transaction begins and freed after it has ended.
    with locked(folder / ".lock"):
        yield
