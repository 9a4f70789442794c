"""The manifest of a generation: what every file must be, checked before any of them is opened.

Annoy files have no header and no checksum: one that was cut or belongs to other rows loads and answers wrongly, one
with flipped bits can end the process. So sizes, SHA-256 sums, dimensions and the manifest's own sum are compared first.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from search.exceptions import IndexAbsentError, IndexDamagedError

FORMAT = 1
NAME = "manifest.json"
HASH_THREADS = 2

Stamp = tuple[tuple[str, int, int, int], ...]
"""Name, size, time of change in ns and inode of each file: changes when somebody touches one."""


@dataclass(frozen=True, slots=True)
class MethodFiles:
    """What a generation holds of one method."""

    version: str
    dim: int
    dtype: str
    num_present: int
    stand_in_dim: int = 0  # 0: compared by its own vectors
    index: str = ""  # the file that is the ANN index, or names it; empty: searched exactly
    effort: int = 0  # version 0.1's measure of how hard to look, instead of the quality
    recall: float | None = None  # recall@20 measured at build time; None: searched exactly
    reduced_dim: int = 0  # numbers a row that are scanned and indexed; 0: all of them
    variance: float | None = None  # share of the rows' variance that the reduced rows keep
    reduced_recall: float | None = None  # recall@20 of a scan of the reduced rows, its head compared in full
    hashes: str = ""  # the file of binary codes; empty: none
    code_bits: int = 0  # of each code in that file
    spots: str = ""  # version of the spots that are indexed; empty: none are
    spot_side: int = 0  # square root of the number of cells
    num_spots: int = 0
    quality: float | None = None  # 0..1, at which the recall was measured; None: no index, or one of version 0.1

    @property
    def scanned_dim(self) -> int:
        """Numbers a row that gather candidates, before they are reduced."""
        return self.stand_in_dim or self.dim


@dataclass(frozen=True, slots=True)
class FileSum:
    """Size and SHA-256 of one file."""

    num_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is known of a generation's files."""

    generation: int
    created: str  # ISO 8601, UTC
    revision: int
    num_images: int
    seed: int
    backend: str
    methods: dict[str, MethodFiles] = field(default_factory=dict)
    files: dict[str, FileSum] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


def sum_file(path: Path) -> FileSum:
    """Return size and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileSum(file.tell(), digest)


def sum_files(folder: Path, names: Iterable[str]) -> dict[str, FileSum]:
    """Return sizes and SHA-256 of files in a folder, several at a time."""
    listed = list(names)
    with ThreadPoolExecutor(HASH_THREADS) as pool:
        return dict(zip(listed, pool.map(sum_file, [folder / name for name in listed]), strict=True))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest with a sum of itself; the caller synchronises it to the disk."""
    body = asdict(manifest)
    text = json.dumps({"body": body, "sha256": _body_sum(body)}, indent=1, sort_keys=True)
    (folder / NAME).write_text(text + "\n")


def read_manifest(folder: Path, generation: int) -> Manifest:
    """Read the manifest of a generation's folder.

    Raises
    ------
    IndexDamagedError : missing, not a manifest, altered, of another format, or of another generation
    """
    try:
        text = (folder / NAME).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise lost(folder, "manifest_unreadable", folder=folder.name, cause=str(error)) from error
    try:
        document = json.loads(text)
        body: dict[str, Any] = document["body"]
        if document["sha256"] != _body_sum(body):
            raise IndexDamagedError("manifest_altered", folder=folder.name)
        if body["format"] != FORMAT or body["generation"] != generation:
            got = {"got_format": body["format"], "got_generation": body["generation"]}
            raise IndexDamagedError(
                "manifest_of_another", folder=folder.name, format=FORMAT, generation=generation, **got
            )
        methods = {name: MethodFiles(**entry) for name, entry in body.pop("methods").items()}
        files = {name: FileSum(**entry) for name, entry in body.pop("files").items()}
        return Manifest(methods=methods, files=files, **body)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexDamagedError("manifest_malformed", folder=folder.name, cause=repr(error)) from error


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Compare every file with the manifest: first all sizes, which is quick, then all sums.

    Raises
    ------
    IndexDamagedError : a file is missing, or of another size or content; the text names it
    """
    for name, expected in manifest.files.items():
        path = folder / name
        num_bytes = path.stat().st_size if path.is_file() else -1
        if num_bytes != expected.num_bytes:
            about = {"file": f"{folder.name}/{name}", "expected": expected.num_bytes}
            if num_bytes < 0:
                raise lost(folder, "file_missing_whole", **about)
            raise lost(folder, "file_size_wrong", got=num_bytes, **about)
    try:
        sums = sum_files(folder, manifest.files)
    except OSError as error:
        raise lost(folder, "files_unreadable", folder=folder.name, cause=str(error)) from error
    for name, expected in manifest.files.items():
        if sums[name] != expected:
            raise IndexDamagedError("content_differs", file=f"{folder.name}/{name}")


def stamp(folder: Path, manifest: Manifest) -> Stamp:
    """Return the stamp of a generation's files; costs microseconds.

    Raises
    ------
    IndexDamagedError : a file is missing
    """
    found = []
    for name in (NAME, *manifest.files):
        try:
            status = os.stat(folder / name)
        except OSError as error:
            raise lost(folder, "file_missing", file=f"{folder.name}/{name}", cause=str(error)) from error
        found.append((name, status.st_size, status.st_mtime_ns, status.st_ino))
    return tuple(found)


def lost(folder: Path, code: str, /, **about: Any) -> IndexDamagedError:
    """Return the error for a file that is not as it was: damage, unless the whole folder is out of reach."""
    # Files of a folder do not go away one by one; a folder goes with the disk that it lies on, and comes back with it.
    kind = IndexDamagedError if os.path.isdir(folder) else IndexAbsentError
    return kind(code, **about)


def _body_sum(body: dict[str, Any]) -> str:
    """Return the SHA-256 of the manifest's content, whatever its layout."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
