"""Files under passing names: written beside their place on the same disk, then renamed into it, or swept up."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from django.conf import settings

INCOMING = "incoming"
STALE_SECONDS = 3600


def create(root: Path) -> tuple[int, Path]:
    """Make an empty file below a folder of the gallery; return its open descriptor and where it is."""
    folder = root / INCOMING
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder)
    return handle, Path(name)


def sync_folder(folder: Path) -> None:
    """Make sure that a rename into a folder outlives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep() -> int:
    """Remove what processes left that were killed while writing; return how many files."""
    oldest = time.time() - STALE_SECONDS
    folders = [Path(root) / INCOMING for root in (settings.ORIGINALS_DIR, settings.DERIVATIVES_DIR)]
    stale = [path for folder in folders for path in folder.glob("*") if path.stat().st_mtime < oldest]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)
