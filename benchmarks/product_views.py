"""Views of things on plain grounds, as shops show them, made from photographs of single things.

Shops' own photographs of one thing from several sides are not free to be shipped or fetched, so other views are made:
a photograph whose ground is nearly plain is cut out, puffed up by the distance from its outline, turned about its
upright axis, tilted, resized, lit otherwise, and laid on another plain ground. What a turned thing hides is hidden, and
what it shows is seen aslant. Half of the views are mirrored: so a thing with two like sides looks from its other side.
Things whose back differs from their front are harder than these.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from search.types import RGBImage

RING = 0.04
"""Width of the border that must be plain, as a share of the sides."""
PLAIN, APART = 14.0, 28.0
"""Gray levels: how much a plain border may vary, and how far from it the thing is."""
LEAST, MOST = 0.08, 0.8
"""Share of the picture that a thing covers."""
SIDE = 224
NUM_VIEWS = 4
TURN, TILT, THICK = 55.0, 12.0, 0.55
"""Degrees to either side about the upright axis, degrees in the plane, and depth as a share of half the width."""
GROUNDS = ((255, 255, 255), (236, 236, 238), (205, 208, 212), (240, 230, 214), (214, 226, 236))
"""Half of the views have the first."""
STEPS = 6


def cut_out(image: RGBImage) -> tuple[RGBImage, NDArray[np.float32]] | None:
    """Return the thing on a plain ground, and how much of each pixel belongs to it; None where the ground is not plain.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), dtype uint8, RGB

    Returns
    -------
    thing : its part of the image, ndarray of shape (h, w, 3), dtype uint8
    cover : ndarray of shape (h, w), 0..1
    """
    height, width = image.shape[:2]
    margin = max(2, round(RING * min(height, width)))
    ring = np.ones((height, width), bool)
    ring[margin:-margin, margin:-margin] = False
    border = image[ring].astype(np.float32)
    ground = np.median(border, axis=0)
    away = np.linalg.norm(image.astype(np.float32) - ground, axis=2)
    # Most of the border, for things reach out of many pictures a little.
    if np.percentile(away[ring], 90) > PLAIN:
        return None
    inside = cv2.morphologyEx((away > APART).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    _count, parts, stats, _middles = cv2.connectedComponentsWithStats(inside)
    if len(stats) < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    outlines, _tree = cv2.findContours((parts == largest).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros((height, width), np.uint8), outlines, -1, 1, cv2.FILLED)
    if not LEAST <= filled.mean() <= MOST:
        return None
    left, top, wide, high = cv2.boundingRect(filled)
    box = np.s_[top : top + high, left : left + wide]
    cover = cv2.GaussianBlur(filled.astype(np.float32), (0, 0), 1.0)
    return np.ascontiguousarray(image[box]), np.asarray(cover[box], np.float32)


def view(thing: RGBImage, cover: NDArray[np.float32], generator: np.random.Generator) -> RGBImage:
    """Return another view of a thing, square, on a plain ground.

    Parameters
    ----------
    thing, cover : as `cut_out` returns them
    generator : of the turn, the light and the ground
    """
    scale = generator.uniform(0.45, 0.85) * SIDE / max(thing.shape[:2])
    size = (max(8, round(thing.shape[1] * scale)), max(8, round(thing.shape[0] * scale)))
    front = cv2.resize(thing, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    mask = cv2.resize(cover, size, interpolation=cv2.INTER_AREA)
    side = int(generator.choice([-1, 1]))
    front, mask = (_centered(each[:, ::side]) for each in (front, mask))
    turned = _turned(front, mask, np.radians(generator.uniform(-TURN, TURN)))
    tilt = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), generator.uniform(-TILT, TILT), 1.0)
    tilt[:, 2] += generator.uniform(-0.06, 0.06, 2) * SIDE
    front, mask = (cv2.warpAffine(each, tilt, (SIDE, SIDE)) for each in turned)
    lit = front * generator.uniform(0.8, 1.15) * generator.uniform(0.96, 1.04, 3)
    aslant = np.linspace(*generator.uniform(0.8, 1.15, 2), SIDE, dtype=np.float32)
    lit = 255 * (np.clip(lit * aslant[None, :, None], 0, 255) / 255) ** generator.uniform(0.8, 1.25)
    ground = np.array(GROUNDS[max(0, int(generator.integers(-len(GROUNDS) + 2, len(GROUNDS))))], np.float32)
    shadow = 1 - 0.25 * cv2.GaussianBlur(np.roll(mask, 6, axis=0), (0, 0), 7)[:, :, None]
    mixed = mask[:, :, None] * lit + (1 - mask[:, :, None]) * ground * shadow
    return np.clip(np.round(mixed + generator.normal(0, 1.5, mixed.shape)), 0, 255).astype(np.uint8)


def _centered(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    canvas = np.zeros((SIDE, SIDE, *picture.shape[2:]), np.float32)
    top, left = (SIDE - picture.shape[0]) // 2, (SIDE - picture.shape[1]) // 2
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def _turned(
    front: NDArray[np.float32], mask: NDArray[np.float32], angle: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Turn a puffed-up thing about its upright axis; see the module."""
    columns = np.flatnonzero(mask.max(axis=0) > 0.5)
    half = max(len(columns) / 2, 1.0)
    depth = np.sqrt(cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5))
    depth = cv2.GaussianBlur(depth * (THICK * half / max(float(depth.max()), 1e-6)), (0, 0), 3)
    rows, across = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    across -= SIDE / 2
    source = across / np.float32(np.cos(angle))
    # A pixel at x and depth z comes to x cos + z sin; which x that was is found step by step.
    for _step in range(STEPS):
        deep = cv2.remap(depth, source + SIDE / 2, rows, cv2.INTER_LINEAR)
        source = np.asarray(0.5 * source + 0.5 * (across - deep * np.sin(angle)) / np.cos(angle), np.float32)
    found = (cv2.remap(each, source + SIDE / 2, rows, cv2.INTER_LINEAR) for each in (front, mask))
    return tuple(np.asarray(each, np.float32) for each in found)  # type: ignore[return-value]
