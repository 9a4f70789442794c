"""Edited copies of images: what people do to a picture before they publish it again.

The kinds and strengths follow the copy-detection sets of the literature (INRIA Copydays: JPEG qualities and crops by
share of the surface; Douze et al. 2021, the Image Similarity Challenge: overlays, color, rotation, flips).
"""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from PIL import Image as Picture

from search.types import RGBImage

Edit = Callable[[RGBImage, np.random.Generator], RGBImage]
"""Takes an (H, W, 3) uint8 RGB image with H, W >= 1 and what decides by chance; returns a new image of that kind."""

OVERLAY = "SAMPLE COPY"
ROTATION_DEGREES = 10


def edit(name: str, image: RGBImage, seed: int) -> RGBImage:
    """Return an edited copy, the same for the same name, image and seed.

    Parameters
    ----------
    name : of the edit, a key of `EDITS`
    image : ndarray of shape (H, W, 3), dtype uint8, RGB; H, W >= 1; it is not changed
    seed : of what the edit leaves to chance: where a crop lies, to which side a color goes; >= 0

    Returns
    -------
    copy : ndarray of shape (H', W', 3), dtype uint8, RGB; H', W' >= 1

    Raises
    ------
    ValueError : no such edit, or not such an image
    """
    if name not in EDITS:
        raise ValueError(f"unknown edit {name!r}; expected one of {', '.join(EDITS)}")
    check_image(image)
    # By name, so that a new edit leaves the copies of all others as they are; by CRC, since hash() of a text differs
    # from process to process.
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return np.ascontiguousarray(EDITS[name](image, generator))


def check_image(image: RGBImage) -> None:
    """Raise ValueError unless this is a non-empty (H, W, 3) uint8 array."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ValueError(f"expected a non-empty (H, W, 3) uint8 image, got shape {image.shape}, {image.dtype}")


def crop(image: RGBImage, generator: np.random.Generator, share: float) -> RGBImage:
    """Keep this share of the surface, of the same aspect ratio, anywhere."""
    sides = [max(1, round(side * math.sqrt(share))) for side in image.shape[:2]]
    # Not strict: the third number of the shape is that of the channels.
    top, left = (int(generator.integers(0, whole - side + 1)) for whole, side in zip(image.shape, sides, strict=False))
    return image[top : top + sides[0], left : left + sides[1]]


def _shrink(image: RGBImage, _generator: np.random.Generator) -> RGBImage:
    size = (max(1, image.shape[1] // 4), max(1, image.shape[0] // 4))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def jpeg(image: RGBImage, _generator: np.random.Generator, quality: int) -> RGBImage:
    file = io.BytesIO()
    Picture.fromarray(image).save(file, "JPEG", quality=quality)
    # Only this decoder: what was written a line above is no other format.
    with Picture.open(file, formats=["JPEG"]) as decoded:
        return np.array(decoded.convert("RGB"))


def blur(image: RGBImage, _generator: np.random.Generator) -> RGBImage:
    """Blur by a Gaussian of 1.2 % of the longest side."""
    # In proportion to the picture, so that it looks as soft in every size.
    sigma = max(0.5, 0.012 * max(image.shape[:2]))
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def _brightness(image: RGBImage, generator: np.random.Generator) -> RGBImage:
    """Scale all values to 60 % or to 140 %."""
    return _scaled(image, np.full(3, generator.choice([0.6, 1.4])))


def _color_cast(image: RGBImage, generator: np.random.Generator) -> RGBImage:
    """Strengthen one channel by a quarter and weaken another as much."""
    return _scaled(image, generator.permutation([0.75, 1.0, 1.25]))


def _scaled(image: RGBImage, factors: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> RGBImage:
    return np.clip(np.round(image * factors), 0, 255).astype(np.uint8)


def gray(image: RGBImage, _generator: np.random.Generator) -> RGBImage:
    luma = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    return np.repeat(np.asarray(luma, np.uint8).reshape(image.shape[:2])[:, :, None], 3, axis=2)


def turn(image: RGBImage, degrees: float, filling: int) -> RGBImage:
    """Turn by some degrees; the canvas grows, its corners are of one gray."""
    color = (filling, filling, filling)
    turned = Picture.fromarray(image).rotate(degrees, Picture.Resampling.BICUBIC, expand=True, fillcolor=color)
    return np.array(turned)


def _rotate(image: RGBImage, generator: np.random.Generator) -> RGBImage:
    """Turn by 10 degrees to either side; the corners are black or white."""
    degrees = ROTATION_DEGREES * int(generator.choice([-1, 1]))
    return turn(image, degrees, int(generator.choice([0, 255])))


def _rotate_quarter(image: RGBImage, generator: np.random.Generator) -> RGBImage:
    return np.rot90(image, int(generator.choice([1, 3])))


def _flip(image: RGBImage, _generator: np.random.Generator) -> RGBImage:
    return image[:, ::-1]


def _text(image: RGBImage, generator: np.random.Generator) -> RGBImage:
    """Write a line across the picture, white with a dark rim, at any height."""
    return write_line(image, OVERLAY, lambda lowest, highest: int(generator.integers(highest, lowest)))


def write_line(image: RGBImage, text: str, choose: Callable[[int, int], int]) -> RGBImage:
    """Write a line as wide as nine tenths of the picture, or as high where that is less, white with a dark rim.

    Parameters
    ----------
    image : see `edit`
    text : in letters that OpenCV's own font has
    choose : takes the lowest base line (excluded) and the highest one, in pixels from the top, and returns one
    """
    height, width = image.shape[:2]
    font = cv2.FONT_HERSHEY_SIMPLEX
    (unit_width, unit_height), _ = cv2.getTextSize(text, font, 10.0, 10)
    scale = 10 * min(0.9 * width / unit_width, 0.9 * height / unit_height)
    thickness = max(1, round(3 * scale))
    (text_width, text_height), _ = cv2.getTextSize(text, font, scale, thickness)
    lowest = max(height - text_height // 2, text_height + 1)
    origin = ((width - text_width) // 2, choose(lowest, text_height))
    letters = np.zeros((height, width), np.uint8)
    cv2.putText(letters, text, origin, font, scale, 255, thickness, cv2.LINE_AA)
    # A thicker stroke underneath would do in OpenCV 4; 5 draws filled outlines, which have no stroke.
    rim = cv2.dilate(letters, np.ones((3, 3), np.uint8), iterations=max(1, thickness // 2))
    written = image * (1 - rim[:, :, None] / 255)
    written += letters[:, :, None] * (1 - written / 255)
    return np.clip(np.round(written), 0, 255).astype(np.uint8)


def _frame(image: RGBImage, generator: np.random.Generator) -> RGBImage:
    """Put a frame of one color around, as wide as 8 % of the longest side."""
    width = max(1, round(0.08 * max(image.shape[:2])))
    color = generator.integers(0, 256, 3)
    framed = np.empty((image.shape[0] + 2 * width, image.shape[1] + 2 * width, 3), np.uint8)
    framed[:] = color
    framed[width:-width, width:-width] = image
    return framed


EDITS: dict[str, Edit] = {
    "crop_90": partial(crop, share=0.9),
    "crop_70": partial(crop, share=0.7),
    "crop_50": partial(crop, share=0.5),
    "shrink": _shrink,
    "jpeg_30": partial(jpeg, quality=30),
    "jpeg_10": partial(jpeg, quality=10),
    "blur": blur,
    "brightness": _brightness,
    "color_cast": _color_cast,
    "gray": gray,
    "rotate_10": _rotate,
    "rotate_90": _rotate_quarter,
    "flip": _flip,
    "text": _text,
    "frame": _frame,
}
"""By name. Names stand in kept evaluations: never rename."""
