"""The bytes of uploaded queries, and a small preview of each; never part of the gallery."""

from __future__ import annotations

import uuid
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from gallery.storage import BLOBS, incoming
from gallery.storage.blobs import BlobKind
from gallery.storage.incoming import Received

QUERY = BlobKind.QUERY


def receive(file: BinaryIO, max_bytes: int) -> Received:
    """Write a file to disk, hashing it on the way; see `incoming.receive`."""
    return incoming.receive(QUERY, file, max_bytes)


def keep(query_id: uuid.UUID, received: Received, preview: bytes) -> None:
    """Move received bytes to their place, beside their re-encoded preview.

    Raises
    ------
    OSError : one of them may be left behind, see `discard`; the disk may be full
    """
    BLOBS.put(QUERY, query_id.hex, received.path)
    BLOBS.put_bytes(QUERY, _preview_key(query_id), preview)


def is_kept(query_id: uuid.UUID) -> bool:
    """Tell whether the bytes of a query are there."""
    return BLOBS.exists(QUERY, query_id.hex)


def local_file(query_id: uuid.UUID) -> AbstractContextManager[Path]:
    """Lend a path for the decoder to read the bytes under; see `BlobStore.local_file`."""
    return BLOBS.local_file(QUERY, query_id.hex)


def open_preview(query_id: uuid.UUID) -> BinaryIO:
    """Open the preview of a query for reading.

    Raises
    ------
    BlobAbsentError, BlobUnreadableError : it cannot be opened
    """
    return BLOBS.open(QUERY, _preview_key(query_id))


def discard(query_id: uuid.UUID) -> None:
    """Remove what is kept of a query, if anything."""
    BLOBS.delete(QUERY, query_id.hex)
    BLOBS.delete(QUERY, _preview_key(query_id))


def _preview_key(query_id: uuid.UUID) -> str:
    return f"{query_id.hex}.webp"
