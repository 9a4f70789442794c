"""What a store of bytes can do, whatever keeps them: a folder today, an object store another day.

A blob is a file that is written once, whole, under a key that never means other bytes (comparison maps excepted, which
may be drawn again). Nothing here lets one be edited in place, so that none of it is more than an object store can do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol


class BlobKind(StrEnum):
    """What is kept; each kind has keys of its own."""

    ORIGINAL = "originals"
    DERIVATIVE = "derivatives"
    QUERY = "queries"
    COMPARISON = "comparisons"


class BlobAbsentError(FileNotFoundError):
    """Nothing is kept under this key as far as the store can see now. A disk that is away looks just the same."""


class BlobUnreadableError(OSError):
    """Something is kept under this key, or may be, and cannot be read now: try again later, or look at the store."""


class BlobStore(Protocol):
    """Keeps blobs by kind and key.

    A key is a file name: letters, digits, `-`, `_` and `.`, the first one no dot. Any other raises `ValueError`. All
    methods raise `OSError` where the store fails; it has an `errno`, so that a full disk can be distinguished.
    """

    def create_temporary(self, kind: BlobKind) -> tuple[int, Path]:
        """Make an empty local file to be filled and handed to `put`; return its open descriptor and where it is."""

    def put(self, kind: BlobKind, key: str, source: Path) -> None:
        """Take a temporary file over under a key, whole or not at all, in the place of what was there."""

    def put_bytes(self, kind: BlobKind, key: str, data: bytes) -> None:
        """Keep bytes under a key, whole or not at all; a failure leaves no temporary file behind."""

    def make_durable(self, kind: BlobKind, keys: Iterable[str]) -> None:
        """Return once what was put under these keys would outlive a power cut."""

    def open(self, kind: BlobKind, key: str) -> BinaryIO:
        """Open a blob for reading.

        Raises
        ------
        BlobAbsentError, BlobUnreadableError : it cannot be opened
        """

    def local_file(self, kind: BlobKind, key: str) -> AbstractContextManager[Path]:
        """Lend a path under which another process of this machine can read the blob until the block ends.

        Raises
        ------
        BlobAbsentError, BlobUnreadableError : on entry, or in place of the error with which the block met this path
        """

    def exists(self, kind: BlobKind, key: str) -> bool:
        """Tell whether something is kept under a key, readable or not."""

    def empty(self, kind: BlobKind, key: str) -> None:
        """Give back the room of a blob, leaving one of no bytes; needs no room itself. Nothing where there is none."""

    def delete(self, kind: BlobKind, key: str) -> None:
        """Remove a blob, if it is there."""

    def keys(self, kind: BlobKind) -> Iterator[str]:
        """Yield the key of every blob of a kind, in no order."""

    def sweep(self, older_than: float) -> int:
        """Remove temporary files last written before a time in seconds since 1970; return how many."""
