"""Files that carry their own checksum, behind what LiteRT reads of them."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

_CHECKSUM_MARK = b"likeness sha256:"


def with_checksum(content: bytes) -> bytes:
    """Return the content of a `.tflite` file with its own SHA-256 behind it, where LiteRT does not look."""
    return content + _CHECKSUM_MARK + hashlib.sha256(content).digest()


def is_whole(path: Path, *, must_carry_one: bool = True) -> bool:
    """Tell whether a file has the checksum it carries; files of other programs carry none."""
    stat = path.stat()
    found = _is_intact(path, stat.st_size, stat.st_mtime_ns)
    return not must_carry_one if found is None else found


@lru_cache(maxsize=8)
def _is_intact(path: Path, num_bytes: int, mtime_ns: int) -> bool | None:
    """Return None for a file without one; read again only when the file changes."""
    content = path.read_bytes()
    place = len(content) - hashlib.sha256().digest_size - len(_CHECKSUM_MARK)
    if place < 0 or content[place : place + len(_CHECKSUM_MARK)] != _CHECKSUM_MARK:
        return None
    return hashlib.sha256(content[:place]).digest() == content[place + len(_CHECKSUM_MARK) :]
