"""Decoded photographs in one file, so that every pass over them is fast and sees the same pixels."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.files import whole_file, write_json
from search.types import RGBImage

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and how much there is."""

PIXELS, INDEX = "photographs.bin", "photographs.json"


class Pack:
    """Photographs by position: mapped from the disk, not loaded.

    Parameters
    ----------
    folder : where `write_pack` wrote

    Raises
    ------
    OSError, ValueError, KeyError : not there, or not whole
    """

    def __init__(self, folder: Path) -> None:
        index = json.loads((folder / INDEX).read_text())
        self.labels: NDArray[np.str_] = np.array(index["labels"], np.str_)
        self.listed: str = index["listed"]
        self.skipped: dict[str, int] = index["skipped"]
        self._sizes: list[tuple[int, int]] = [(height, width) for height, width in index["sizes"]]
        # Photographs keep their shapes, so each begins where the one before it ends.
        self._starts = np.cumsum([0, *(height * width * 3 for height, width in self._sizes)])
        num_bytes = int(self._starts[-1])
        self._pixels = (
            np.memmap(folder / PIXELS, np.uint8, "r", shape=(num_bytes,)) if num_bytes else np.empty(0, np.uint8)
        )

    def __len__(self) -> int:
        return len(self._sizes)

    def __getitem__(self, position: int) -> RGBImage:
        start, end = self._starts[position], self._starts[position + 1]
        return np.asarray(self._pixels[start:end]).reshape(*self._sizes[position], 3)


def write_pack(
    folder: Path,
    images: Iterable[RGBImage | Exception],
    labels: Sequence[str],
    listed: str,
    progress: Progress,
) -> Pack:
    """Write photographs into a folder; the index comes last, so that a pack is whole or not there.

    Parameters
    ----------
    folder : made if missing
    images : ndarrays of shape (H, W, 3), dtype uint8, or why there is none: an exception with a `reason`
    labels : of each image
    listed : a word for what was read, to know it again by
    progress : called after each image

    Raises
    ------
    OSError : the disk is full
    """
    folder.mkdir(parents=True, exist_ok=True)
    sizes, kept, skipped = [], [], Counter[str]()
    with whole_file(folder / PIXELS) as file:
        for done, (image, label) in enumerate(zip(images, labels, strict=True), 1):
            if isinstance(image, Exception):
                skipped[str(getattr(image, "reason", image))] += 1
            else:
                # Decoded, although that takes more room: every round would decode all of them again.
                file.write(np.ascontiguousarray(image).tobytes())
                sizes.append(image.shape[:2])
                kept.append(label)
            progress("reading", done, len(labels))
    index = {"listed": listed, "sizes": sizes, "labels": kept, "skipped": dict(skipped.most_common())}
    write_json(folder / INDEX, index)
    return Pack(folder)
