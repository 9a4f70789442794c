"""Where the store keeps its files, for tests that look at them or do them harm."""

from __future__ import annotations

import uuid
from pathlib import Path

from gallery.storage.blobs import BlobKind
from gallery.storage.derivatives import Derivative
from gallery.storage.folder import FolderBlobStore

_path = FolderBlobStore().path


def original_path(sha256: str) -> Path:
    return _path(BlobKind.ORIGINAL, sha256)


def derivative_path(sha256: str, kind: Derivative) -> Path:
    return _path(BlobKind.DERIVATIVE, f"{sha256}-{kind}.webp")


def query_path(query_id: uuid.UUID) -> Path:
    return _path(BlobKind.QUERY, query_id.hex)


def preview_path(query_id: uuid.UUID) -> Path:
    return _path(BlobKind.QUERY, f"{query_id.hex}.webp")


def map_path(comparison_id: int, kind: str) -> Path:
    return _path(BlobKind.COMPARISON, f"{comparison_id}-{kind}.webp")
