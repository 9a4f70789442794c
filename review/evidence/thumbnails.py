"""Thumbnails embedded in a report, so that it is a single file."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from io import BytesIO

from PIL import Image as Picture

from gallery.storage.derivatives import open_derivative

SIDE = 128
QUALITY = 60


def data_address(sha256: str) -> str:
    """Return the `data:` address of an image's small WebP copy, made from our own thumbnail; empty without one."""
    try:
        return shrunk(sha256)
    except OSError:  # not there, or damaged: the gallery makes it again when somebody looks at the image
        return ""


@lru_cache(maxsize=512)  # one image has many pairs, and they stand close together
def shrunk(sha256: str) -> str:
    """Return the same, or raise, so that only what is there is remembered."""
    with open_derivative(sha256, "thumb") as file, Picture.open(file) as picture:
        picture.thumbnail((SIDE, SIDE))
        kept = BytesIO()
        picture.save(kept, "WEBP", quality=QUALITY)
    return f"data:image/webp;base64,{b64encode(kept.getvalue()).decode()}"
