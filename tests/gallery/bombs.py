"""Small files that ask for far more than they hold."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

from PIL import Image


def huge_gif() -> bytes:
    """35 bytes that claim 65535 x 32767 pixels."""
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", 65535, 32767, 0x80, 0, 0)
        + b"\0\0\0\xff\xff\xff"
        + b","
        + struct.pack("<HHHHB", 0, 0, 65535, 32767, 0)
        + b"\x02\x02\x44\x01\0;"
    )


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def flat_png(side: int, *, color_type: int = 0, bits: int = 1, extra: bytes = b"") -> bytes:
    """A square of zeros in next to no bytes."""
    channels = {0: 1, 2: 3, 6: 4}[color_type]
    row = bytes(1 + (side * channels * bits + 7) // 8)
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row) for _row in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, bits, color_type, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def ztxt_png(num_chunks: int = 70, unpacked_bytes: int = 2**20 - 100) -> bytes:
    """A small PNG with compressed comments that unpack to far more than its pixels."""
    text = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * unpacked_bytes, 9))
    return flat_png(8, extra=text * num_chunks)


def many_frames(name: str, num_frames: int) -> bytes:
    """An animation whose frames all differ, so that none is left out."""
    frames = [Image.new("L", (8, 8), position % 256) for position in range(num_frames)]
    for position, frame in enumerate(frames):
        frame.putpixel((position % 8, position // 8 % 8), (position // 64) % 256)
    file = BytesIO()
    options = {"lossless": True, "method": 0} if name == "WEBP" else {}
    frames[0].save(file, name, save_all=True, append_images=frames[1:], duration=20, **options)
    return file.getvalue()


def cyclic_tiff() -> bytes:
    """14 bytes: a directory without tags whose successor is itself."""
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<HI", 0, 8)


def paged_tiff(num_pages: int) -> bytes:
    """A document of many pages."""
    page = Image.new("1", (16, 16))
    file = BytesIO()
    page.save(file, "TIFF", save_all=True, append_images=[page] * (num_pages - 1))
    return file.getvalue()


def far_strip_tiff() -> bytes:
    """A TIFF of 16 pixels that claims they lie four gigabytes further on."""
    tags = [
        (256, 4, 1, 4),
        (257, 4, 1, 4),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 0xFFFFFF00),
        (278, 4, 1, 4),
        (279, 4, 1, 16),
    ]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + directory
