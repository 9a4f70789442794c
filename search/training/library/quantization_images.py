"""Images that calibrate and check the 8-bit encoder: of the library, or of a folder or archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from gallery.decoding import Refused, get_decoder
from gallery.models import Image
from gallery.storage import originals
from search.exceptions import TrainingError
from search.features.extraction import ANALYSIS_SIDE
from search.methods.deep import fit
from search.training.export.edge import Judged, Pictures
from search.training.library.image_sources import Photographs
from search.types import RGBImage

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and how much there is."""
CALIBRATION, JUDGED = 256, 1000
"""Pictures at the most."""
_SEED = 20


def library_pictures(side: int, progress: Progress) -> Judged:
    """Return pictures of the library, drawn by chance, labelled ones first; none of an empty library."""
    rng = np.random.default_rng(_SEED)
    rows = list(Image.objects.shown().order_by("pk").values_list("sha256", "label"))
    drawn = [rows[place] for place in rng.permutation(len(rows))]
    # Labelled ones first, because mAP can be measured on no others.
    drawn.sort(key=lambda row: not row[1])
    chosen = drawn[: CALIBRATION + JUDGED]
    return _fitted(
        _decoded([digest for digest, _label in chosen]), [label for _digest, label in chosen], side, progress
    )


def photographs_in(place: Path, side: int, progress: Progress) -> Judged:
    """Return pictures of a folder or archive, drawn by chance.

    Raises
    ------
    TrainingError : not there, or no archive
    """
    found = Photographs(place)
    found.keep(np.random.default_rng(_SEED).permutation(len(found))[: CALIBRATION + JUDGED].tolist())
    return _fitted(found.read(ANALYSIS_SIDE), found.labels, side, progress)


def part(own: Judged, given: Judged | None) -> tuple[Pictures, Judged]:
    """Share out pictures: those that set the ranges, and others that judge.

    What is given sets the ranges, and the library judges if it can; otherwise a quarter of the pictures that there
    are sets the ranges.

    Parameters
    ----------
    own : pictures of the library
    given : pictures of a folder, None: of the library only

    Raises
    ------
    TrainingError : there are no pictures
    """
    if given is not None and len(given.pictures) and len(own.pictures):
        return given.pictures[:CALIBRATION], Judged(own.pictures[:JUDGED], own.labels[:JUDGED])
    only = own if given is None else given
    if not len(only.pictures):
        raise TrainingError("no_pictures_to_calibrate")
    number = min(CALIBRATION, max(1, len(only.pictures) // 4))
    # From the end: of the library's pictures, those without labels.
    return only.pictures[-number:], Judged(only.pictures[:-number], only.labels[:-number])


def _decoded(digests: list[str]) -> Iterator[RGBImage | Refused]:
    for digest in digests:
        try:
            with originals.local_file(digest) as path:
                pixels = get_decoder().pixels(path, ANALYSIS_SIDE)
            yield pixels
        except Refused as refusal:
            yield refusal
        except OSError as error:
            yield Refused("corrupt", str(error))


def _fitted(images: Iterator[RGBImage | Refused], labels: list[str], side: int, progress: Progress) -> Judged:
    pictures, kept = [], []
    for done, (image, label) in enumerate(zip(images, labels, strict=True), 1):
        if not isinstance(image, Refused):
            pictures.append(fit(image, side, side))
            kept.append(label)
        progress("reading", done, len(labels))
    shaped = np.stack(pictures) if pictures else np.empty((0, side, side, 3), np.uint8)
    return Judged(shaped, np.array(kept, np.str_))
