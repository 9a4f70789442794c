"""A folder of binary codes that grows: files of codes that never change, and a list of them that is swapped whole.

New codes come as a file of their own; files are merged so that each holds at least twice as many codes as the next,
which leaves few files to search and writes every code few times. Rows are numbered in the order in which they came.
Rows that are gone are left out at the query by a mask, and for good by `compact_codes`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError, IndexDamagedError
from search.index.hash_building import MEMORY_BYTES
from search.index.hash_layout import CODE_BYTES
from search.index.hashes import RADIUS, HashIndex, check_query, closest
from search.index.manifest import sum_file

LIST = "codes.json"
FORMAT = 1
GROWTH = 2
"""A file holds at least so many times as many codes as the next one."""
_LOCK = ".lock"

Chunks = Iterable[NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class CodeFile:
    """One file of a store, as its list names it."""

    name: str
    rows: int
    num_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CodeList:
    """What a store holds, in the order of its rows."""

    code_bytes: int
    files: tuple[CodeFile, ...] = ()
    format: int = FORMAT


class HashStore:
    """What a folder held when it was opened. Later changes do not reach it; open it anew to see them."""

    def __init__(self, code_bytes: int, indexes: list[HashIndex]) -> None:
        self.code_bytes = code_bytes
        self._indexes = indexes
        self._starts = np.cumsum([0, *(index.rows for index in indexes)]).tolist()
        self.rows: int = self._starts[-1]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Compare every file with the list, and map it.

        Raises
        ------
        IndexDamagedError : no store, or a file is missing or not as it was published; the text names it
        """
        while True:
            listed = read_list(folder)
            try:
                return cls(listed.code_bytes, [_load(folder, file, listed.code_bytes) for file in listed.files])
            except IndexDamagedError:
                if read_list(folder) == listed:  # else the files were merged meanwhile
                    raise

    def query(
        self,
        code: NDArray[np.uint8],
        radius: int = RADIUS,
        limit: int | None = None,
        alive: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return every row whose code differs from a code in few bits; see `HashIndex.query`.

        Parameters
        ----------
        alive : ndarray of shape (rows,), bool: rows that may be found; None: all

        Raises
        ------
        DimensionMismatchError : a code of another length or type, or a mask of another length
        """
        check_query(code, self.code_bytes, radius, limit)
        self._check_mask(alive)
        rows, distances = [np.empty(0, np.int64)], [np.empty(0, np.uint8)]
        for start, index in zip(self._starts, self._indexes, strict=False):
            near, bits = index.query(code, radius)
            rows.append(near + start)
            distances.append(bits)
        all_rows, all_distances = np.concatenate(rows), np.concatenate(distances)
        if alive is not None:
            kept = alive[all_rows]
            all_rows, all_distances = all_rows[kept], all_distances[kept]
        return closest(all_rows, all_distances, limit)

    def codes(self, alive: NDArray[np.bool_] | None = None) -> Iterator[NDArray[np.uint8]]:
        """Yield all codes, or those of the rows alive, in the order of their rows and a chunk at a time."""
        self._check_mask(alive)
        for start, index in zip(self._starts, self._indexes, strict=False):
            for chunk in index.codes():
                yield chunk if alive is None else chunk[alive[start : start + len(chunk)]]
                start += len(chunk)

    def _check_mask(self, alive: NDArray[np.bool_] | None) -> None:
        if alive is not None and (alive.shape != (self.rows,) or alive.dtype != np.bool_):
            raise DimensionMismatchError(
                f"hash store: expected a mask of {self.rows} bool, got shape {alive.shape}, {alive.dtype}"
            )


def create_store(folder: Path, code_bytes: int) -> None:
    """Make an empty store of codes of 8 or 16 bytes in a new folder.

    Raises
    ------
    DimensionMismatchError : codes of another length
    FileExistsError : the folder exists
    OSError : it cannot be made
    """
    if code_bytes not in CODE_BYTES:
        raise DimensionMismatchError(f"hash store: expected codes of 64 or 128 bits, got {8 * code_bytes}")
    folder.mkdir(parents=True)
    _publish(folder, CodeList(code_bytes))


def append_codes(folder: Path, chunks: Chunks, *, memory_bytes: int = MEMORY_BYTES) -> int:
    """Add codes to a store in one step: whoever opens it sees all of them or none.

    Parameters
    ----------
    folder : of the store
    chunks, memory_bytes : see `HashIndex.build`

    Returns
    -------
    first : number of the first new row; the others follow

    Raises
    ------
    IndexDamagedError : no store, or a file to be merged is not as it was published
    DimensionMismatchError, OSError : see `HashIndex.build`; the store stays as it was
    """
    with _writing(folder) as listed:
        kept, tail = list(listed.files), [_write(folder, chunks, listed.code_bytes, memory_bytes)]
        while kept and kept[-1].rows < GROWTH * sum(file.rows for file in tail):
            tail.insert(0, kept.pop())
        if len(tail) > 1:
            codes = HashStore(listed.code_bytes, [_load(folder, file, listed.code_bytes) for file in tail]).codes()
            tail = [_write(folder, codes, listed.code_bytes, memory_bytes)]
        _publish(folder, CodeList(listed.code_bytes, (*kept, *tail)))
        return sum(file.rows for file in listed.files)


def compact_codes(folder: Path, alive: NDArray[np.bool_] | None = None, *, memory_bytes: int = MEMORY_BYTES) -> None:
    """Merge all files of a store into one, and leave out rows that are gone: those left are numbered anew, in order.

    Parameters
    ----------
    folder : of the store
    alive : ndarray of shape (rows,), bool: rows to keep; None: all
    memory_bytes : see `HashIndex.build`

    Raises
    ------
    IndexDamagedError : no store, or a file is not as it was published
    DimensionMismatchError : a mask of another length
    OSError : a file cannot be written; the store stays as it was
    """
    with _writing(folder) as listed:
        store = HashStore.open(folder)
        codes = store.codes(alive)
        left = store.rows if alive is None else int(np.count_nonzero(alive))
        files = (_write(folder, codes, listed.code_bytes, memory_bytes),) if left else ()
        _publish(folder, CodeList(listed.code_bytes, files))


def read_list(folder: Path) -> CodeList:
    """Read what a store holds.

    Raises
    ------
    IndexDamagedError : no list, altered, or of another format
    """
    try:
        document = json.loads((folder / LIST).read_text())
        body: dict[str, Any] = document["body"]
        if document["sha256"] != _sum(body):
            raise IndexDamagedError(f"{folder.name}/{LIST} was altered: its checksum does not match")
        if body["format"] != FORMAT:
            raise IndexDamagedError(f"{folder.name}: expected format {FORMAT}, got format {body['format']}")
        return CodeList(body["code_bytes"], tuple(CodeFile(**file) for file in body["files"]), body["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamagedError(f"{folder.name}/{LIST}: expected the list of a hash store: {error!r}") from error


def _load(folder: Path, file: CodeFile, code_bytes: int) -> HashIndex:
    path = folder / file.name
    try:
        found = sum_file(path)
    except OSError as error:
        raise IndexDamagedError(f"{folder.name}/{file.name} cannot be read: {error}") from error
    if (found.num_bytes, found.sha256) != (file.num_bytes, file.sha256):
        raise IndexDamagedError(f"{folder.name}/{file.name}: its content is not what was published (checksum)")
    return HashIndex.load(path, code_bytes, file.rows)


def _write(folder: Path, chunks: Chunks, code_bytes: int, memory_bytes: int) -> CodeFile:
    """Write a file of codes under a new name, and bring it to the disk; nobody reads it until it is listed."""
    path = folder / f"{secrets.token_hex(8)}{HashIndex.suffix}"
    rows = HashIndex.build(chunks, path, code_bytes=code_bytes, memory_bytes=memory_bytes)
    _synchronize(path)
    written = sum_file(path)
    return CodeFile(path.name, rows, written.num_bytes, written.sha256)


@contextmanager
def _writing(folder: Path) -> Iterator[CodeList]:
    """Let one process change a store at a time, and remove what is not listed afterwards, whoever left it."""
    read_list(folder)  # refuse what is no store before a file is made in it
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield read_list(folder)
        finally:
            listed = {file.name for file in read_list(folder).files}
            for path in folder.glob(f"*{HashIndex.suffix}"):
                if path.name not in listed:
                    path.unlink()


def _publish(folder: Path, listed: CodeList) -> None:
    """Replace the list in one step."""
    body = json.loads(json.dumps(asdict(listed)))
    new = folder / f".{LIST}"
    new.write_text(json.dumps({"body": body, "sha256": _sum(body)}, indent=1) + "\n")
    _synchronize(new)
    new.replace(folder / LIST)
    _synchronize(folder)


def _sum(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _synchronize(path: Path) -> None:
    """Bring a file's content, or a folder's list of names, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
