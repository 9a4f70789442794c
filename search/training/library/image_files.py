"""Which files of a folder are images to be imported, and what their folders call them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from gallery.decoding.contract import SUFFIX_FORMATS

DECODED_FORMATS = frozenset({"JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "AVIF", "HEIF"})
SUFFIXES = frozenset(suffix for suffix, name in SUFFIX_FORMATS.items() if name in DECODED_FORMATS)


def find_images(places: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield each image file and the name of the folder between it and the place given, or nothing.

    A file that is named is taken whatever it is called; in folders only names of image types count, and hidden files
    and folders are passed over. The order is the same every time.
    """
    for place in places:
        # Whoever names a file means it, whatever it is called; the decoder will look at its content.
        if not place.is_dir():
            yield place, ""
            continue
        for folder, folders, names in os.walk(place):
            # In place: this is how `os.walk` is told where to go, and in which order.
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            label = Path(folder).name if Path(folder) != place else ""
            for name in sorted(names):
                if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                    yield Path(folder) / name, label
