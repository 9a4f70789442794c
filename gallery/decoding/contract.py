"""What passes between the decoder and those who ask it. Imported by the decoder child: keep it free of Django."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field

SUFFIX_FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".mpo": "JPEG",
    ".png": "PNG",
    ".apng": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".avif": "AVIF",
    ".avifs": "AVIF",
    ".heic": "HEIF",
    ".heif": "HEIF",
    ".hif": "HEIF",
    ".svg": "SVG",
    ".ico": "ICO",
    ".psd": "PSD",
    ".jp2": "JPEG 2000",
    ".j2k": "JPEG 2000",
    ".jxl": "JPEG XL",
    ".tga": "TGA",
    ".eps": "EPS",
    ".pdf": "PDF",
    ".dcm": "DICOM",
}
"""The type that each file name suffix claims, also for types that are never decoded."""

UNAVAILABLE = frozenset(
    {
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EACCES,
        errno.EPERM,
        errno.EIO,
        errno.ESTALE,
        errno.ENXIO,
        errno.ENODEV,
        errno.ELOOP,
        errno.ENOTCONN,
        errno.ETIMEDOUT,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
    }
)
"""Errors of the system that say that a file is not at hand, and nothing of what it holds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the decoder child may use for one file."""

    max_pixels: int = 128_000_000  # width x height of one frame
    max_frames: int = 300
    timeout_seconds: float = 20.0
    memory_bytes: int = 2**30  # address space of the child
    files_per_child: int = 200  # then a fresh child takes over, so that nothing a file did lasts


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file holds: its first frame, upright.

    `pixels_sha256` is equal for files that show the same pixels, whatever their format, metadata or compression.
    `tone` is the average color as `#rrggbb`. `derivatives` are WebP files without metadata, by kind.
    """

    format: str
    width: int
    height: int
    num_frames: int
    pixels_sha256: str
    tone: str
    derivatives: Mapping[str, bytes] = field(repr=False)


class Refused(Exception):  # noqa: N818 (a verdict on the file, not a fault of the program)
    """A file cannot be taken: `reason` is a code of `gallery.reasons`, `detail` says what came."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
