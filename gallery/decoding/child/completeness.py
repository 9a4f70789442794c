"""Does a file end before its own headers say so? Asked only of files that could not be decoded, to name the reason."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from gallery.decoding.child.formats import HEAD_BYTES, sniff

# Headers of damaged and hostile files may lead on without end, hence the limits.
MAX_BOXES = 100
CLASSIC_TIFF, TAG_BYTES = 42, 12
MAX_TAGS, MAX_EXTENTS = 200, 10_000
DATA_OFFSETS, DATA_SIZES = (273, 324), (279, 325)  # of strips and of tiles
TYPE_LETTERS = {3: "H", 4: "I"}
GIF_TRAILER = b";"


def ends_early(file: BinaryIO) -> bool:
    """Tell whether bytes are missing at the end of a file, as far as its headers tell.

    Parameters
    ----------
    file : a TIFF, WebP, GIF, AVIF or HEIF file; for other types Pillow itself tells

    Returns
    -------
    early : False also where the headers make no sense
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(HEAD_BYTES)
    try:
        match sniff(head):
            case "WEBP":
                return int.from_bytes(head[4:8], "little") + 8 > size  # the length leaves out its own header of 8
            case "AVIF" | "HEIF":
                return _boxes_end(file, size) > size
            case "TIFF":
                return _tiff_end(file, head) > size
            case "GIF":
                file.seek(-1, os.SEEK_END)
                return file.read(1) != GIF_TRAILER
    except (struct.error, OverflowError, ValueError, OSError):
        return False
    return False


def _boxes_end(file: BinaryIO, size: int) -> int:
    """Return where the top-level boxes of an ISO media file end."""
    position = 0
    for _box in range(MAX_BOXES):
        if position >= size:
            break
        file.seek(position)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length < 8:  # 0: to the end of the file
            return size
        position += length
    return position


def _tiff_end(file: BinaryIO, head: bytes) -> int:
    """Return where the first directory of a classic TIFF file, or the pixels it names, end."""
    order = "<" if head[:2] == b"II" else ">"
    version, start = struct.unpack_from(order + "HI", head, 2)
    if version != CLASSIC_TIFF:
        # BigTIFF has other fields; for that, Pillow's own words have to do.
        return 0
    file.seek(start)
    # Where even the number is cut off, any number will do: the directory behind it is missing, too.
    (num_tags,) = struct.unpack(order + "H", file.read(2).ljust(2, b"\1"))
    directory = file.read(TAG_BYTES * min(num_tags, MAX_TAGS))
    if len(directory) < TAG_BYTES * min(num_tags, MAX_TAGS):
        return int(start) + 2 + TAG_BYTES * MAX_TAGS  # any place behind the end of the file
    values = {}
    for position in range(0, len(directory), TAG_BYTES):
        tag, kind, count, field = struct.unpack_from(order + "HHI4s", directory, position)
        if tag in DATA_OFFSETS + DATA_SIZES and kind in TYPE_LETTERS and count <= MAX_EXTENTS:
            values[tag] = _tiff_values(file, order + TYPE_LETTERS[kind] * count, field)
    offsets = next((values[tag] for tag in DATA_OFFSETS if tag in values), ())
    sizes = next((values[tag] for tag in DATA_SIZES if tag in values), ())
    return max((offset + length for offset, length in zip(offsets, sizes, strict=False)), default=0)


def _tiff_values(file: BinaryIO, layout: str, field: bytes) -> tuple[int, ...]:
    length = struct.calcsize(layout)
    if length > 4:  # up to four bytes stand in the entry itself, more where it points
        file.seek(struct.unpack(layout[0] + "I", field)[0])
        field = file.read(length)
    return struct.unpack(layout, field[:length])
