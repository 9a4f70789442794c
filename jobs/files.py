"""Files written whole or not at all: under a temporary name beside their place, then renamed into it.

Whoever opens the place finds the earlier content or the new one, never a part of it, even after a crash. With
`durable`, the default, the content and then the rename are brought to the disk before the call returns, so that they
outlive a power cut; what can be computed again may do without, which is faster.

Nothing here needs Django, so that modules without it may write files too.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

TEMPORARY_SUFFIX = ".part"
LEFTOVER_SECONDS = 3600.0
"""A temporary file that nobody wrote to for so long is what a killed process left."""


@contextmanager
def written_aside(path: Path, *, durable: bool = True, folder: Path | None = None) -> Iterator[Path]:
    """Lend a temporary name; the file written there takes the place of `path` when the block ends without an error.

    The name stands beside the place, or in a `folder` on the same disk whose owner removes what killed processes leave.

    Raises
    ------
    OSError : the folder is missing, or the file cannot be written; what was there before stays
    """
    if folder is None:
        _remove_leftovers(path)
    part = (folder or path.parent) / f".{path.name}.{secrets.token_hex(6)}{TEMPORARY_SUFFIX}"
    try:
        yield part
        put(part, path, durable=durable)
    except BaseException:  # also when a job's time is over, or somebody presses Ctrl-C
        part.unlink(missing_ok=True)
        raise


@contextmanager
def whole_file(
    path: Path, *, durable: bool = True, folder: Path | None = None, mode: int = 0o666
) -> Iterator[BinaryIO]:
    """Open a file for bytes that takes its place when the block ends without an error; the umask narrows `mode`.

    Raises
    ------
    OSError : see `written_aside`
    """
    with (
        written_aside(path, durable=durable, folder=folder) as part,
        # Not tempfile: its files are closed to everybody else (0600), whatever umask the operator has set.
        os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode), "w+b") as file,
    ):
        yield file


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write bytes, see `whole_file`."""
    with whole_file(path, durable=durable) as file:
        file.write(content)


def write_json(path: Path, value: Any, *, indent: int | None = None, durable: bool = True) -> None:
    """Write a value as JSON with a newline at its end, see `whole_file`."""
    write_bytes(path, (json.dumps(value, indent=indent) + "\n").encode(), durable=durable)


def put(part: Path, path: Path, *, durable: bool = True) -> None:
    """Give a finished file its place on the same disk, in the stead of what was there."""
    if durable:
        # Content before name: a power cut between the two must not leave the name of a file that was never written.
        sync(part)
    part.replace(path)
    if durable:
        sync(path.parent)


def sync(path: Path) -> None:
    """Bring a file's content, or a folder's list of names, to the disk."""
    # Reading is enough for fsync, and folders cannot be opened for more.
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_disk_full(error: Exception) -> bool:
    """Tell whether a file or the database could not be written for want of space or quota."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    # SQLite's words and PostgreSQL's; no code says it.
    return any(phrase in str(error).lower() for phrase in ("disk is full", "no space left"))


def _remove_leftovers(path: Path) -> None:
    """Remove what killed processes left while writing this file; their names differ, so they would pile up."""
    oldest, beginning = time.time() - LEFTOVER_SECONDS, f".{path.name}."
    with os.scandir(path.parent) as entries:
        for entry in entries:
            if entry.name.startswith(beginning) and entry.name.endswith(TEMPORARY_SUFFIX):
                with suppress(FileNotFoundError):  # another writer may remove it at the same time
                    if entry.stat().st_mtime < oldest:
                        os.unlink(entry.path)
