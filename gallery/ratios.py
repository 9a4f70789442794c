"""Aspect ratios in steps of 2 %, each with a rule in `static/css/ratios.css`.

The grid needs every image's ratio before its pixels come, and the page may carry no style attribute: the ratio
travels as the number of its step, close enough for the eye (an image loses at most 1 % of one side).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gallery.models import Image

STEP = 1.02
MOST_STEPS = 70
"""Ratios end at 1:4 and 4:1; longer images are shown whole inside such a box."""


def ratio_step(image: Image) -> int:
    """Return the step of an image's width / height; a square, and an image of unknown size, is 0."""
    if not image.width or not image.height:
        return 0
    step = round(math.log(image.width / image.height) / math.log(STEP))
    return max(-MOST_STEPS, min(MOST_STEPS, step))


def ratio_rules() -> str:
    """Return the text of `static/css/ratios.css`."""
    rules = [f'[data-ratio="{step}"] {{ --ratio: {STEP**step:.4f}; }}' for step in range(-MOST_STEPS, MOST_STEPS + 1)]
    return "\n".join(["/* Aspect ratios in steps of 2 %, written by gallery/ratios.py. */", *rules, ""])
