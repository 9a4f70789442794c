"""Maps of what differs between two images: WebP, one of each kind for a comparison, known by its number."""

from __future__ import annotations

from typing import BinaryIO

from gallery.storage import BLOBS
from gallery.storage.blobs import BlobKind

COMPARISON = BlobKind.COMPARISON


def write_map(comparison_id: int, kind: str, data: bytes) -> None:
    """Keep a map, whole or not at all, in the place of an earlier one."""
    BLOBS.put_bytes(COMPARISON, _key(comparison_id, kind), data)


def has_map(comparison_id: int, kind: str) -> bool:
    """Tell whether a map is there."""
    return BLOBS.exists(COMPARISON, _key(comparison_id, kind))


def open_map(comparison_id: int, kind: str) -> BinaryIO:
    """Open a map for reading.

    Raises
    ------
    BlobAbsentError, BlobUnreadableError : it cannot be opened
    """
    return BLOBS.open(COMPARISON, _key(comparison_id, kind))


def remove_map(comparison_id: int, kind: str) -> None:
    """Remove a map, if it is there."""
    BLOBS.delete(COMPARISON, _key(comparison_id, kind))


def _key(comparison_id: int, kind: str) -> str:
    return f"{comparison_id}-{kind}.webp"
