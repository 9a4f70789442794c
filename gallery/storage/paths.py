"""Where the files of an image lie: named by the SHA-256 of the bytes, in folders of its first four digits."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from django.conf import settings

Derivative = Literal["thumb", "display"]
DERIVATIVE_SIDES: dict[Derivative, int] = {"thumb": 320, "display": 1600}
"""Longest side in pixels of each derivative; smaller images are not enlarged."""


def original_path(sha256: str) -> Path:
    """Return where the original bytes of an image are kept."""
    return Path(settings.ORIGINALS_DIR) / sha256[:2] / sha256[2:4] / sha256


def derivative_path(sha256: str, kind: Derivative) -> Path:
    """Return where a re-encoded, metadata-free WebP copy is kept."""
    return Path(settings.DERIVATIVES_DIR) / sha256[:2] / sha256[2:4] / f"{sha256}-{kind}.webp"
