"""Which bytes are opened at all, and by which plugin: the first bytes name the type, then only its plugin runs."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import BinaryIO

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from gallery.decoding.contract import SUFFIX_FORMATS, Limits, Refused

# Imported by name: asked for a format that it does not know yet, Pillow loads all of its plugins.
PLUGINS = (
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    GifImagePlugin,
    BmpImagePlugin,
    AvifImagePlugin,
)
HEAD_BYTES = 64
SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
BMP_HEADER_SIZES = {12, 16, 40, 52, 56, 64, 108, 124}  # "BM" alone begins many a text
AVIF_BRANDS = {b"avif", b"avis"}
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
FORMAT_NAMES = {"MPO": "JPEG"}  # a JPEG with more pictures behind the first


def prepare_formats(max_pixels: int) -> None:
    """Set Pillow's own guards; its warning about too many pixels becomes an error."""
    Image.MAX_IMAGE_PIXELS = max_pixels
    warnings.simplefilter("ignore")
    # Pillow merely warns up to twice the limit. The filter set last is looked at first.
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def sniff(head: bytes) -> str:
    """Tell the type of a file from its first 64 bytes; empty where it is none that may be decoded."""
    for signature, name in SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in BMP_HEADER_SIZES:
        return "BMP"
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    return ""


def _sniff_brands(head: bytes) -> str:
    end = min(int.from_bytes(head[:4], "big"), HEAD_BYTES)
    # The major brand, four bytes of version, then all brands that the file is compatible with.
    brands = {head[8:12], *(head[start : start + 4] for start in range(16, end, 4))}
    if brands & AVIF_BRANDS:  # first: AVIF files name brands of HEIF as well
        return "AVIF"
    return "HEIF" if brands & HEIF_BRANDS and find_spec("pi_heif") else ""


def open_image(file: BinaryIO, suffix: str, limits: Limits) -> tuple[Image.Image, str]:
    """Open a file without decoding its pixels.

    Parameters
    ----------
    file : the bytes
    suffix : the suffix of the name it came under, such as `.jpg`; empty: any type will do
    limits : the most pixels allowed

    Returns
    -------
    image, format : at its first frame; the format is a name of at most 8 letters

    Raises
    ------
    Refused : truncated (empty), type_not_allowed, type_mismatch, too_many_pixels
    Exception : whatever Pillow raises on damaged files
    """
    head = file.read(HEAD_BYTES)
    if not head:
        raise Refused("truncated", "The file is empty.")
    name = sniff(head)
    if not name:
        raise Refused("type_not_allowed", f"Its first bytes are {head[:8].hex(' ')}.")
    claimed = SUFFIX_FORMATS.get(suffix.lower(), name)
    if claimed != name:
        raise Refused("type_mismatch", f"The name says {claimed}, the content is {name}.")
    if name == "HEIF":
        _register_heif()
    file.seek(0)
    image = Image.open(file, formats=[name])
    if image.width * image.height > limits.max_pixels:  # known from the header, nothing is unpacked yet
        raise Refused("too_many_pixels", f"{image.width} x {image.height} pixels came, {limits.max_pixels} may.")
    return image, FORMAT_NAMES.get(image.format or name, name)


def count_frames(image: Image.Image, limits: Limits) -> int:
    """Return how many frames or pages there are.

    Raises
    ------
    Refused : too_many_frames
    """
    num_frames = int(getattr(image, "n_frames", 1))
    if num_frames > limits.max_frames:
        raise Refused("too_many_frames", f"{num_frames} frames or pages came, {limits.max_frames} may.")
    return num_frames


def _register_heif() -> None:
    import pi_heif

    pi_heif.register_heif_opener(thumbnails=False)
