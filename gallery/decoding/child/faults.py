"""What an exception of a decoder means, as a reason of `gallery.reasons`."""

from __future__ import annotations

import re

from PIL import Image, UnidentifiedImageError

from gallery.decoding.contract import Refused

MAX_DETAIL_CHARACTERS = 200
PHRASES = (
    ("out of memory", "decoder_memory"),
    ("cannot allocate memory", "decoder_memory"),
    ("decompressed data too large", "decoder_memory"),
    ("too much memory used", "decoder_memory"),
    ("truncated", "truncated"),
    ("unexpected end", "truncated"),
    ("not enough image data", "truncated"),
    ("not enough data", "truncated"),
)


def explain(error: Exception) -> tuple[str, str]:
    """Return the reason and a short technical detail for what a decoder raised."""
    match error:
        case Refused():
            return error.reason, error.detail
        case MemoryError():
            return "decoder_memory", ""
        case Image.DecompressionBombError() | Image.DecompressionBombWarning():
            return "too_many_pixels", _count_pixels(error)
        case UnidentifiedImageError():
            return "corrupt", "Its header cannot be read."  # Pillow's own text would tell where the file lies
        case EOFError():
            return "truncated", _readable(error)
    text = _readable(error)
    lowered = text.lower()
    for phrase, reason in PHRASES:
        if phrase in lowered:
            return reason, text
    return "corrupt", text


def _count_pixels(error: Exception) -> str:
    """Pillow's own text speaks of attacks and gives twice the limit."""
    number = re.search(r"\d+", str(error))
    return f"{number[0]} pixels came, {Image.MAX_IMAGE_PIXELS} may." if number else ""


def _readable(error: Exception) -> str:
    """Only these errors carry Pillow's own sentences; others may quote the file's content, such as a name in it."""
    text = str(error)
    if not isinstance(error, OSError | SyntaxError):
        known = [phrase for phrase, _reason in PHRASES if phrase in text.lower()]
        return known[0] if known else type(error).__name__
    return "".join(character for character in text if character.isprintable())[:MAX_DETAIL_CHARACTERS]
