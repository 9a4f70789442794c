"""Files of siamese networks: how they are written, checked, adopted and found again. NumPy archives (.npz) all."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.files import write_bytes
from search.exceptions import WeightsError
from search.methods.branches.branch import HEAD, Branch

FOLDER = Path(__file__).parents[1] / "builtin"
"""Where the heads lie that come with the program, one file for each content network that has one."""
FILES = "siamese-*.npz"
ADOPTED = "adopted.json"
"""Which file of the folder serves with which version of the content method."""
_FORMAT = 1
_ABOUT = "about"
_ERRORS = (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def save(branch: Branch, folder: Path, name: str = "") -> Path:
    """Write a network in float16, as `<first 12 digits of its SHA-256>.npz` unless named; whole or not at all."""
    about = {
        "format": _FORMAT,
        "architecture": branch.architecture,
        "source": branch.source,
        "about": dict(branch.about),
    }
    # In a fixed order: the same numbers make the same bytes, and so the same name.
    arrays: dict[str, Any] = {key: array.astype(np.float16) for key, array in sorted(branch.arrays.items())}
    # As bytes, since such an archive holds arrays only, and text as an array may need pickles.
    arrays[_ABOUT] = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    content = buffer.getvalue()
    path = folder / (name or f"{hashlib.sha256(content).hexdigest()[:12]}.npz")
    _write(path, content)
    return path


@dataclass(frozen=True, slots=True)
class Title:
    """What a file says it holds."""

    architecture: str
    source: str
    about: Mapping[str, Any]


def peek(path: Path) -> Title:
    """Return what a network is, after a check of the whole file's sums, without keeping its numbers in memory.

    Raises
    ------
    WeightsError : no such file, damaged, truncated, or not of a siamese network
    """
    return _peek(path, *_mark(path))


def load(path: Path) -> Branch:
    """Read a network, wholly checked; read again only when the file changes.

    Raises
    ------
    WeightsError : see `peek`
    """
    return _load(path, *_mark(path))


def _mark(path: Path) -> tuple[int, int]:
    """Return what changes when a file does."""
    try:
        stat = path.stat()
    except OSError as error:
        raise WeightsError("siamese_unreadable", path=path, cause=error.strerror) from error
    return stat.st_size, stat.st_mtime_ns


# Size and time are part of the key: what is replaced under its name is read again.
@lru_cache(maxsize=4)
def _peek(path: Path, num_bytes: int, mtime_ns: int) -> Title:
    try:
        with zipfile.ZipFile(path) as archive:
            # NumPy looks at a part of the archive when it is asked for; what is torn should be known at once.
            if torn := archive.testzip():
                raise WeightsError("file_torn", file=torn)
        with np.load(path, allow_pickle=False) as arrays:
            return _title(arrays[_ABOUT])
    except (*_ERRORS, WeightsError) as error:
        raise _damaged(path, error) from error


@lru_cache(maxsize=2)
def _load(path: Path, num_bytes: int, mtime_ns: int) -> Branch:
    title = _peek(path, num_bytes, mtime_ns)
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name].astype(np.float32) for name in archive.files if name != _ABOUT}
        return Branch(title.architecture, arrays, title.source, title.about)
    except (*_ERRORS, WeightsError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> WeightsError:
    return WeightsError("siamese_damaged", path=path, cause=error if isinstance(error, WeightsError) else str(error))


def _title(encoded: NDArray[np.uint8]) -> Title:
    about = json.loads(encoded.tobytes())
    if about["format"] != _FORMAT:
        raise WeightsError("unknown_format", got=about["format"], expected=_FORMAT)
    return Title(str(about["architecture"]), str(about["source"]), about["about"])


def adopt(folder: Path, source: str, path: Path) -> None:
    """Let a network of this folder serve from now on, while the content method is of that version.

    Raises
    ------
    WeightsError : the file is not a network that fits
    """
    branch = load(path)
    if branch.architecture == HEAD and branch.source != source:
        about = {"file": path.name, "source": branch.source, "content": source}
        raise WeightsError("siamese_of_another_content", **about)
    # The others stay: whoever goes back to an earlier content network finds its head in use.
    known = dict(_adopted(folder)) | {source: path.name}
    _write(folder / ADOPTED, json.dumps(known, indent=1, sort_keys=True).encode())


def find(folder: Path | None, source: str) -> Path:
    """Return the network that serves with a version of the content method: the adopted one, else the head shipped.

    Raises
    ------
    WeightsError : none fits; says what to do
    """
    if folder is not None and (name := _adopted(folder).get(source)):
        return folder / name
    return _shipped(source)


def _shipped(source: str) -> Path:
    unread: WeightsError | None = None
    for path in sorted(FOLDER.glob(FILES)):
        try:
            # A head makes sense of the rows of one network only, in one version.
            if peek(path).source == source:
                return path
        except WeightsError as error:  # it may have been another network's
            unread = error
    raise unread or WeightsError("siamese_missing", content=source)


def _adopted(folder: Path) -> Mapping[str, str]:
    path = folder / ADOPTED
    try:
        stat = path.stat()
    # Nothing has been adopted yet, which is how every site begins.
    except FileNotFoundError:
        return {}
    return _read_adopted(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=2)
def _read_adopted(path: Path, num_bytes: int, mtime_ns: int) -> Mapping[str, str]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise WeightsError("siamese_list_unreadable", path=path, cause=str(error)) from error
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found.values()):
        raise WeightsError("siamese_list_damaged", path=path)
    return found


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content)
