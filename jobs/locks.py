"""Locks of the machine's processes and threads, by a file; the kernel frees one when its holder ends, however it ends.

The file stays when the lock is freed, so that whoever waits for it waits for the same one. Nothing here needs Django.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

POLL_SECONDS = 0.001
"""So long may a lock stay free before one that waits for it looks; an image is stored in ten times that."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock, however long it takes to get it.

    Raises
    ------
    RuntimeError : this thread holds it already, and would wait for itself
    OSError : the file cannot be made or opened
    """
    with _lock(path):
        yield


@contextmanager
def try_lock(path: Path, seconds: float = 0.0) -> Iterator[bool]:
    """Hold a lock that is free or becomes free in some seconds; False, and it is not held, where it does not.

    Raises
    ------
    OSError : the file cannot be made or opened
    """
    lock = _lock(path)
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Tell whether somebody holds a lock; a file that is not there, or not ours to open, says nobody.

    Looking takes the lock for a moment: whoever wants it should wait a little, and two who look may see each other.
    """
    if not path.exists():
        return False
    try:
        with try_lock(path) as gained:
            return not gained
    except OSError:
        return False


def _lock(path: Path) -> FileLock:
    # The soft kind, for disks without flock, would outlive its holder.
    return FileLock(path, mode=0o600, poll_interval=POLL_SECONDS, fallback_to_soft=False)
