"""Colors for numbers of 0..1: a map that brightens evenly, reads the same for the color-blind and prints in gray."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LIGHTNESS = (0.24, 0.93)
HUES = (300.0, 105.0)
"""Degrees in OKLCH: from violet through blue, teal and green to yellow."""
CHROMA = 0.17
"""Wanted; where the screen has no such color it is the most that it has."""
STEPS = 256

_LMS = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


@lru_cache(maxsize=1)
def colors() -> NDArray[np.uint8]:
    """Return the map's colors, darkest first.

    Lightness and hue change evenly in OKLCH (Ottosson, "A perceptual color space for image processing", 2020), as in
    matplotlib's viridis (Smith and van der Walt, 2015), which this resembles; the chroma is the most that sRGB has.

    Returns
    -------
    colors : ndarray of shape (256, 3), dtype uint8, sRGB; their luminance rises from each to the next
    """
    lightness, hue = np.linspace(*LIGHTNESS, STEPS), np.radians(np.linspace(*HUES, STEPS))
    chroma = np.full(STEPS, CHROMA)
    while (outside := _outside(linear := _linear_rgb(lightness, chroma, hue))).any():
        chroma[outside] -= 0.002
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.clip(linear, 0, 1) ** (1 / 2.4) - 0.055)
    return np.round(255 * np.clip(encoded, 0, 1)).astype(np.uint8)


def paint(values: NDArray[np.floating], shown: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Paint numbers.

    Parameters
    ----------
    values : ndarray of shape (H, W), 0..1; what lies outside is clipped
    shown : ndarray of shape (H, W), bool: the others are left transparent

    Returns
    -------
    picture : ndarray of shape (H, W, 4), dtype uint8, sRGB and opacity
    """
    steps = np.round(np.clip(values, 0, 1) * (STEPS - 1)).astype(np.uint8)
    picture = np.zeros((*steps.shape, 4), np.uint8)
    picture[..., :3] = colors()[steps]
    picture[..., 3] = np.where(shown, 255, 0)
    picture[~shown] = 0  # colors that nobody sees would still take bytes
    return picture


def _linear_rgb(
    lightness: NDArray[np.float64], chroma: NDArray[np.float64], hue: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return linear sRGB of OKLCH colors; shape (n, 3), outside of 0..1 where a screen has no such color."""
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1)
    return np.asarray((lab @ _LMS.T) ** 3 @ _RGB.T)


def _outside(linear: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(((linear < -1e-4) | (linear > 1 + 1e-4)).any(axis=1))
