"""One supervisor per DATA_DIR: a lock file that the kernel frees when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

LOCK_NAME = "supervisor.lock"


class AlreadyRunningError(Exception):
    """Another supervisor holds the folder."""


@contextmanager
def exclusive(folder: Path) -> Iterator[TextIO]:
    """Hold the folder's lock.

    Raises
    ------
    AlreadyRunningError : another process holds it
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / LOCK_NAME).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = read_holder(folder)
            where = holder.get("url") or "its address is not known yet"
            raise AlreadyRunningError(
                f"Already running for {folder.parent} (process {holder.get('pid', '?')}): {where}. "
                "Stop that one first, or name another DATA_DIR."
            ) from error
        write_holder(file, "")
        yield file
        file.truncate(0)


def write_holder(file: TextIO, url: str) -> None:
    """Say in the lock file who holds it, and where the site is served."""
    file.seek(0)
    file.truncate()
    json.dump({"pid": os.getpid(), "url": url}, file)
    file.flush()


def read_holder(folder: Path) -> dict[str, Any]:
    """Return pid and URL of the running supervisor; empty when there is none or it has not said."""
    try:
        holder = json.loads((folder / LOCK_NAME).read_text())
    except (OSError, ValueError):
        return {}
    return holder if isinstance(holder, dict) else {}
