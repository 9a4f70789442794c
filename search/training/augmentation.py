"""Variations of training images: crops that the teacher sees too, and edits that must not change what is seen."""

from __future__ import annotations

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from search.methods.base import resize
from search.types import RGBImage

Array = NDArray[np.float32]


def crop(image: RGBImage, rng: np.random.Generator) -> RGBImage:
    """Cut out a random part: 35 to 100 % of the area, its aspect ratio changed by up to a factor of 1.35.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), dtype uint8
    """
    height, width = image.shape[:2]
    # The logarithm of the aspect is drawn, so that tall and wide are equally likely.
    area, stretch = rng.uniform(0.35, 1.0), np.exp(rng.uniform(-0.3, 0.3))
    # Crops of fewer pixels would show the teacher nothing.
    tall = int(min(height, max(8, height * area**0.5 * stretch)))
    wide = int(min(width, max(8, width * area**0.5 / stretch)))
    top, left = rng.integers(0, height - tall + 1), rng.integers(0, width - wide + 1)
    return image[top : top + tall, left : left + wide]


def edit(image: RGBImage, places: Array, side: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Change a picture as people change copies, so that the encoder learns to see the same in it.

    Mirrored (its places too), shifted a little, compressed, blurred, lighter or darker, of another contrast, with a
    color cast, gray, partly covered: each by chance, several at once.

    Parameters
    ----------
    image : ndarray of shape (S, S, 3), dtype uint8
    places : ndarray of shape (p, p, dim), float32; the teacher's targets of its places
    side : of the picture returned

    Returns
    -------
    image : ndarray of shape (side, side, 3), float32, 0..255
    places : ndarray of shape (p, p, dim), float32
    """
    if rng.random() < 0.5:
        # The targets of the places too: what was left is right now.
        image, places = image[:, ::-1], places[:, ::-1]
    if rng.random() < 0.5:
        # By less than a place is wide, so that the targets of the places still fit.
        top, bottom, left, right = rng.integers(0, max(1, image.shape[0] * 9 // 96), 4)
        image = image[top : image.shape[0] - bottom, left : image.shape[1] - right]
    small = resize(np.ascontiguousarray(image), side, side)
    if rng.random() < 0.15:
        small = _compressed(small, int(rng.integers(8, 40)))
    if rng.random() < 0.15:
        small = np.asarray(cv2.GaussianBlur(small, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)
    # Colors last and unrounded: what is shifted beyond white may come back by the next step.
    return _recolored(small.astype(np.float32), rng), places


def _recolored(image: Array, rng: np.random.Generator) -> Array:
    if rng.random() < 0.5:
        image = (image - 127) * rng.uniform(0.6, 1.4) + 127 + rng.uniform(-40, 40)
    if rng.random() < 0.4:
        image = image * rng.uniform(0.7, 1.3, 3).astype(np.float32)
    if rng.random() < 0.08:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    if rng.random() < 0.15:
        side = len(image)
        height, width = rng.integers(4, max(5, side // 4), 2)
        top, left = rng.integers(0, side - height), rng.integers(0, side - width)
        image[top : top + height, left : left + width] = rng.uniform(0, 255, 3)
    return np.asarray(np.clip(image, 0, 255), np.float32)


def _compressed(image: RGBImage, quality: int) -> RGBImage:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    with Image.open(file) as again:
        return np.asarray(again, np.uint8)
