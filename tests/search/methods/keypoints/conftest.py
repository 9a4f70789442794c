"""Pictures with corners and blobs, as photographs have them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from search.types import RGBImage


def make_scene(seed: int, height: int = 240, width: int = 320) -> RGBImage:
    """Draw ellipses and boxes of many sizes and grays over a soft ground."""
    rng = np.random.default_rng(seed)
    scene = cv2.GaussianBlur(rng.integers(60, 200, (height, width, 3), np.uint8), (0, 0), 12)
    for _shape in range(90):
        center = rng.uniform((0, 0), (width, height)).astype(int).tolist()
        axes = rng.integers(3, 22, 2).tolist()
        color = rng.integers(0, 256, 3).tolist()
        cv2.ellipse(scene, center, axes, float(rng.uniform(0, 180)), 0, 360, color, -1, cv2.LINE_AA)
    return np.asarray(scene, np.uint8)


@pytest.fixture(scope="session")
def scene() -> RGBImage:
    """A picture with far more keypoints than a row holds."""
    return make_scene(1)


@pytest.fixture(scope="session")
def others() -> list[RGBImage]:
    """Pictures of the same make that show something else."""
    return [make_scene(seed) for seed in range(2, 14)]
