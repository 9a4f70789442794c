"""One supervisor per DATA_DIR: a lock file that the kernel frees when its holder ends, and that says who holds it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jobs.errors import CodedError
from jobs.locks import try_lock

LOCK_NAME = "supervisor.lock"


class AlreadyRunningError(CodedError):
    """Another supervisor holds the folder."""


@contextmanager
def exclusive(folder: Path) -> Iterator[Path]:
    """Hold the folder's lock, and lend its file.

    Raises
    ------
    AlreadyRunningError : another process holds it
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / LOCK_NAME
    with try_lock(path) as gained:
        if not gained:
            holder = read_holder(folder)
            about = {"pid": holder.get("pid"), "url": holder.get("url")}
            raise AlreadyRunningError("already_running", data=str(folder.parent), **about)
        write_holder(path, "")
        yield path
        os.truncate(path, 0)


def write_holder(path: Path, url: str) -> None:
    """Say in the lock file who holds it, and where the site is served; the file itself stays, as the lock is on it."""
    path.write_text(json.dumps({"pid": os.getpid(), "url": url}))


def read_holder(folder: Path) -> dict[str, Any]:
    """Return pid and URL of the running supervisor; empty when there is none or it has not said."""
    try:
        holder = json.loads((folder / LOCK_NAME).read_text())
    except (OSError, ValueError):
        return {}
    return holder if isinstance(holder, dict) else {}
