"""Does a network see? It is asked for pictures of which is known what they show: those that come with scikit-image.

A network whose numbers were read in the wrong order, or which is given its pixels in another layout, loads without an
error and calls everything the same. Nothing but pictures can tell.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from search.exceptions import WeightsError
from search.types import RGBImage

KNOWN = {
    "chelsea.png": frozenset({281, 282, 285}),  # a cat: tabby, tiger cat, Egyptian cat
    "coffee.png": frozenset({504, 967, 968}),  # coffee mug, espresso, cup
    "motorcycle_left.png": frozenset({665, 670}),  # moped, motor scooter
    "rocket.jpg": frozenset({657, 744, 812}),  # missile, projectile, space shuttle
}
"""Classes of ImageNet, by their place among the thousand, of which one must be among the first five."""
LEAST, FIRST = 3, 5
_ALIKE = 0.999  # cosine of different photographs that only a network reaches which says the same of everything


def check_classes(classify: Callable[[NDArray[np.uint8]], NDArray[np.float32]], size: tuple[int, int]) -> None:
    """Raise unless a classifier of ImageNet's classes knows what the pictures show.

    Parameters
    ----------
    classify : from pixels of shape (1, height, width, 3), uint8, RGB, to logits of shape (1, 1000)
    size : (height, width) that it takes

    Raises
    ------
    WeightsError : `sees_nothing`, with the pictures that it does not know; `no_photographs`
    """
    unknown = []
    for name, picture in photographs(size).items():
        logits = classify(picture[None])[0]
        if not np.isfinite(logits).all() or KNOWN[name].isdisjoint(np.argsort(-logits)[:FIRST].tolist()):
            unknown.append(name)
    if unknown:
        raise WeightsError("sees_nothing", pictures=unknown)


def check_rows(describe: Callable[[NDArray[np.uint8]], NDArray[np.float32]], size: tuple[int, int]) -> None:
    """Raise unless a network of any kind gives finite rows that differ from picture to picture.

    Parameters
    ----------
    describe : from pixels of shape (1, height, width, 3), uint8, RGB, to numbers of shape (1, dim)
    size : (height, width) that it takes

    Raises
    ------
    WeightsError : `numbers_not_finite`, `says_the_same` or `no_photographs`
    """
    rows = np.concatenate([describe(picture[None]) for picture in photographs(size).values()])
    if not np.isfinite(rows).all():
        raise WeightsError("numbers_not_finite")
    lengths = np.linalg.norm(rows, axis=1)
    if not lengths.any() or _alike(rows, lengths):
        raise WeightsError("says_the_same")


def _alike(rows: NDArray[np.float32], lengths: NDArray[np.float32]) -> bool:
    unit = rows / np.maximum(lengths, np.finfo(np.float32).tiny)[:, None]
    return bool((unit @ unit.T).min() > _ALIKE)


@lru_cache(maxsize=2)
def photographs(size: tuple[int, int]) -> dict[str, RGBImage]:
    """Return the pictures by their names, squeezed into (height, width).

    Raises
    ------
    WeightsError : `no_photographs`: fewer than LEAST can be read
    """
    found = {name: picture for name in KNOWN if (picture := _read(name, size)) is not None}
    if len(found) < LEAST:
        raise WeightsError("no_photographs", expected=LEAST, found=len(found))
    return found


def _read(name: str, size: tuple[int, int]) -> RGBImage | None:
    spec = find_spec("skimage")  # found, not imported: its import takes a second
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        try:
            with Picture.open(Path(folder) / "data" / name, formats=("PNG", "JPEG")) as file:
                picture = np.asarray(file.convert("RGB"))
        except OSError:
            continue
        return np.asarray(cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    return None
