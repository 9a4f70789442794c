"""The re-encoded copies that browsers get: WebP without metadata, made by the decoder child."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Literal, cast

from gallery.decoding import Decoder
from gallery.storage import BLOBS, originals
from gallery.storage.blobs import BlobKind

DERIVATIVE = BlobKind.DERIVATIVE
Derivative = Literal["thumb", "display"]
DERIVATIVE_SIDES: dict[Derivative, int] = {"thumb": 320, "display": 1600}
"""Longest side in pixels of each derivative; smaller images are not enlarged."""
SIDES: dict[str, int] = {str(kind): side for kind, side in DERIVATIVE_SIDES.items()}
"""The same as the decoder takes it."""


def write_derivatives(sha256: str, derivatives: Mapping[str, bytes]) -> None:
    """Write the copies of an image, each whole or not at all.

    Raises
    ------
    OSError : none is left behind; the disk may be full
    """
    try:
        for kind, data in derivatives.items():
            BLOBS.put_bytes(DERIVATIVE, _key(sha256, cast(Derivative, kind)), data)
    except OSError:
        remove_derivatives(sha256)
        raise


def open_derivative(sha256: str, kind: Derivative) -> BinaryIO:
    """Open a copy for reading.

    Raises
    ------
    BlobAbsentError : it is to be made again, see `restore_derivatives`
    BlobUnreadableError : it is there, and cannot be read now
    """
    return BLOBS.open(DERIVATIVE, _key(sha256, kind))


def local_file(sha256: str, kind: Derivative) -> AbstractContextManager[Path]:
    """Lend a path for the decoder to read a copy under; see `BlobStore.local_file`."""
    return BLOBS.local_file(DERIVATIVE, _key(sha256, kind))


def remove_derivatives(sha256: str) -> None:
    """Remove the copies of an image, if any."""
    for kind in DERIVATIVE_SIDES:
        BLOBS.delete(DERIVATIVE, _key(sha256, kind))


def restore_derivatives(sha256: str, decoder: Decoder) -> None:
    """Make the copies of a stored image again, for when they were lost; they can always be made from the original.

    Raises
    ------
    Refused : the original cannot be decoded any more
    BlobAbsentError : the original is gone
    """
    with originals.local_file(sha256) as path:
        inspection = decoder.inspect(path, SIDES)
    write_derivatives(sha256, inspection.derivatives)


def _key(sha256: str, kind: Derivative) -> str:
    return f"{sha256}-{kind}.webp"
