"""Remixes: copies that are changed more than by one edit, or are only a part of another picture.

Beside the edits of `search.evaluation.augmentations`, which stay as they are so that figures can be compared, these are
what copies look like in posts, memes, scans and screenshots (Douze et al., "The 2021 Image Similarity Dataset and
Challenge", 2021; Papakipos and Bitton, "AugLy", CVPR workshops 2022).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from search.evaluation.augmentations import blur, check_image, crop, gray, jpeg, turn, write_line
from search.types import RGBImage

Remix = Callable[[RGBImage, np.random.Generator, Sequence[RGBImage]], RGBImage]
"""Takes an image, what decides by chance, and other images to put it among; returns a new image."""

OTHERS = 3
"""Other images that a collage needs."""
CAPTIONS = ("WHEN YOU SEE IT", "AGAIN", "FOR THE FIRST TIME")
SCAN_DEGREES, SCAN_NOISE, MOIRE = 1.7, 7.0, 10.0
"""Turn of a sheet on the scanner, and gray levels of its noise and of the grid that print and scan make together."""
PHONE = 19.5 / 9
WHITE, GRAY = 255, 128


def remix(name: str, image: RGBImage, seed: int, others: Sequence[RGBImage]) -> RGBImage:
    """Return a changed copy, the same for the same name, images and seed.

    Parameters
    ----------
    name : a key of `REMIXES`
    image : ndarray of shape (H, W, 3), dtype uint8, RGB; H, W >= 1; it is not changed
    seed : of what is left to chance; >= 0
    others : at least three images of that kind, for those of `AMONG_OTHERS`

    Returns
    -------
    copy : ndarray of shape (H', W', 3), dtype uint8, RGB; H', W' >= 1

    Raises
    ------
    ValueError : no such remix, not such images, or too few of them
    """
    if name not in REMIXES:
        raise ValueError(f"unknown remix {name!r}; expected one of {', '.join(REMIXES)}")
    if name in AMONG_OTHERS and len(others) < OTHERS:
        raise ValueError(f"{name}: expected {OTHERS} other images, got {len(others)}")
    for each in (image, *others):
        check_image(each)
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return np.ascontiguousarray(REMIXES[name](image, generator, others))


def _rotate(image: RGBImage, generator: np.random.Generator, _others: Sequence[RGBImage], degrees: int) -> RGBImage:
    return turn(image, degrees * int(generator.choice([-1, 1])), WHITE)


def _crop(image: RGBImage, generator: np.random.Generator, _others: Sequence[RGBImage]) -> RGBImage:
    return crop(image, generator, 0.2)


def _flip_crop(image: RGBImage, generator: np.random.Generator, _others: Sequence[RGBImage]) -> RGBImage:
    return crop(image[:, ::-1], generator, 0.5)


def _inset(image: RGBImage, generator: np.random.Generator, others: Sequence[RGBImage], share: float) -> RGBImage:
    """Put the picture, as this share of the surface, anywhere on another of the same longest side."""
    longest = max(image.shape[:2])
    host = _resized(others[0], longest / max(others[0].shape[:2])).copy()
    ratio = math.sqrt(share * host.shape[0] * host.shape[1] / (image.shape[0] * image.shape[1]))
    # A long picture may not fit into the host at that share of its surface.
    ratio = min(ratio, *(whole / side for whole, side in zip(host.shape[:2], image.shape[:2], strict=True)))
    inset = _resized(image, ratio)[: host.shape[0], : host.shape[1]]
    top, left = (int(generator.integers(0, host.shape[axis] - inset.shape[axis] + 1)) for axis in (0, 1))
    host[top : top + inset.shape[0], left : left + inset.shape[1]] = inset
    return host


def _collage(image: RGBImage, generator: np.random.Generator, others: Sequence[RGBImage]) -> RGBImage:
    """Set four pictures in two rows, each cut to the shape of the first, with a white gap."""
    height, width = (max(1, side // 2) for side in image.shape[:2])
    gap = max(1, max(height, width) // 50)
    canvas = np.full((2 * height + gap, 2 * width + gap, 3), WHITE, np.uint8)
    pictures = [image, *others[:OTHERS]]
    for place, number in enumerate(generator.permutation(len(pictures)).tolist()):
        top, left = place // 2 * (height + gap), place % 2 * (width + gap)
        canvas[top : top + height, left : left + width] = _covering(pictures[number], height, width)
    return canvas


def _screenshot(image: RGBImage, generator: np.random.Generator, _others: Sequence[RGBImage]) -> RGBImage:
    """Show the picture in a phone's app: bars, a name, buttons and lines of text around it, light or dark."""
    # A narrower screen has no room for bars and buttons.
    width = max(image.shape[1], 24)
    height = round(PHONE * width)
    # Tall pictures leave room for the app as well.
    ratio = min(width / image.shape[1], 0.6 * height / image.shape[0])
    picture = _resized(image, ratio)
    paper, ink = (250, 40) if generator.integers(2) else (22, 225)
    screen = np.full((height, width, 3), paper, np.uint8)
    unit, color = max(2, width // 40), (ink, ink, ink)
    top = round(0.14 * height)
    _write(screen, "12:41", (2 * unit, 3 * unit), 0.08 * unit, color)
    _write(screen, "sample.account", (9 * unit, top - 3 * unit), 0.1 * unit, color)
    cv2.rectangle(screen, (width - 6 * unit, 2 * unit), (width - 2 * unit, 3 * unit), color, -1)
    cv2.circle(screen, (4 * unit, top - 4 * unit), 3 * unit, (90, 130, 200), -1)
    left = (width - picture.shape[1]) // 2
    screen[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    below = top + picture.shape[0]
    for number in range(3):
        cv2.circle(screen, ((4 + 6 * number) * unit, below + 4 * unit), 2 * unit, color, max(1, unit // 3))
    for line in range(4):
        end = width - (4 + 9 * (line % 2)) * unit
        start = (2 * unit, below + (9 + 3 * line) * unit)
        cv2.rectangle(screen, start, (end, start[1] + unit), (128, 128, 128), -1)
    return screen


def _captions(image: RGBImage, _generator: np.random.Generator, _others: Sequence[RGBImage]) -> RGBImage:
    """Write three heavy lines: at the top, in the middle and at the bottom."""
    for number, text in enumerate(CAPTIONS):
        image = write_line(image, text, partial(_between, number / (len(CAPTIONS) - 1)))
    return image


def _between(share: float, lowest: int, highest: int) -> int:
    """Return the base line that lies this share of the way down."""
    return round(highest + share * (lowest - 1 - highest))


def _print_scan(image: RGBImage, generator: np.random.Generator, _others: Sequence[RGBImage]) -> RGBImage:
    """Print and scan: turned on white paper, a little soft, with moire, noise and the cast of the lamp."""
    sheet = turn(image, SCAN_DEGREES * int(generator.choice([-1, 1])), WHITE)
    sheet = np.asarray(cv2.GaussianBlur(sheet, (0, 0), 0.7), np.uint8)
    rows, columns = np.mgrid[: sheet.shape[0], : sheet.shape[1]]
    period, direction = generator.uniform(3.5, 6), generator.uniform(0, np.pi)
    grid = np.sin(2 * np.pi / period * (columns * np.cos(direction) + rows * np.sin(direction)))
    # Two grids of nearly the same period beat: that is what moire is.
    grid *= np.sin(2 * np.pi / (1.06 * period) * (rows * np.cos(direction) - columns * np.sin(direction)))
    scanned: NDArray[np.float64] = (
        0.85 * sheet + 20 + MOIRE * grid[:, :, None] + generator.normal(0, SCAN_NOISE, sheet.shape)
    )
    return np.clip(np.round(scanned * [1.02, 1.0, 0.94]), 0, 255).astype(np.uint8)


def _perspective(image: RGBImage, generator: np.random.Generator, _others: Sequence[RGBImage]) -> RGBImage:
    """Show the picture from aside, gray around: each corner moves inwards by up to a quarter of the sides."""
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inwards = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * generator.uniform(0.03, 0.25, (4, 2))
    moved = (corners + inwards * [width, height]).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    seen = cv2.warpPerspective(image, matrix, (width, height), borderValue=(GRAY, GRAY, GRAY))
    return np.asarray(seen, np.uint8)


def _gray_blur_jpeg(image: RGBImage, generator: np.random.Generator, _others: Sequence[RGBImage]) -> RGBImage:
    return jpeg(blur(gray(image, generator), generator), generator, 15)


def _negative(image: RGBImage, _generator: np.random.Generator, _others: Sequence[RGBImage]) -> RGBImage:
    return np.asarray(255 - image, np.uint8)


def _resized(image: RGBImage, ratio: float) -> RGBImage:
    size = (max(1, round(image.shape[1] * ratio)), max(1, round(image.shape[0] * ratio)))
    way = cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8).reshape(size[1], size[0], 3)


def _covering(image: RGBImage, height: int, width: int) -> RGBImage:
    """Return the middle of a picture, resized so that it covers this much."""
    sized = _resized(image, max(height / image.shape[0], width / image.shape[1]))
    top, left = max(0, (sized.shape[0] - height) // 2), max(0, (sized.shape[1] - width) // 2)
    cut = sized[top : top + height, left : left + width]
    return np.pad(cut, ((0, height - cut.shape[0]), (0, width - cut.shape[1]), (0, 0)), mode="edge")


def _write(image: RGBImage, text: str, origin: tuple[int, int], scale: float, color: tuple[int, int, int]) -> None:
    cv2.putText(image, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, color, max(1, round(scale)), cv2.LINE_AA)


REMIXES: dict[str, Remix] = {
    "rotate_15": partial(_rotate, degrees=15),
    "rotate_45": partial(_rotate, degrees=45),
    "rotate_180": partial(_rotate, degrees=180),
    "crop_20": _crop,
    "flip_crop_50": _flip_crop,
    "inset_25": partial(_inset, share=0.25),
    "inset_10": partial(_inset, share=0.1),
    "collage": _collage,
    "screenshot": _screenshot,
    "captions": _captions,
    "print_scan": _print_scan,
    "perspective": _perspective,
    "gray_blur_jpeg": _gray_blur_jpeg,
    "negative": _negative,
}
"""By name. Names stand in kept evaluations: never rename."""
AMONG_OTHERS = ("inset_25", "inset_10", "collage")
