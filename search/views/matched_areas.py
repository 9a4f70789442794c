"""How the pages show where a result shows what the query shows: a sentence, and a polygon over the photograph."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import ngettext

from gallery.models import Image
from search.types import Verification


@dataclass(frozen=True, slots=True)
class MotionLook:
    """A motion as a card shows it."""

    inliers: int
    percent: int
    sentence: str
    points: str  # of the polygon, in pixels of the image as it is shown

    @property
    def short(self) -> str:
        """Return what fits on a photograph: "23 · 61 %"."""
        return f"{self.inliers} · {self.percent} %"


def motion_look(motion: Verification, image: Image) -> MotionLook:
    """Return how a motion onto an image is shown."""
    # "0 %" beside a drawn area would look like an error.
    percent = max(1, round(100 * motion.matched_area))
    corners = motion.polygon * [image.width, image.height]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners.tolist())
    return MotionLook(
        motion.inliers, percent, motion_sentence(motion.inliers, percent, mirrored=motion.mirrored), points
    )


def motion_sentence(inliers: int, percent: int, *, mirrored: bool) -> str:
    """Return "23 keypoints match, 61 % of the area"."""
    if mirrored:
        text = ngettext(
            "%(number)d keypoint matches in mirror image, %(percent)d %% of the area",
            "%(number)d keypoints match in mirror image, %(percent)d %% of the area",
            inliers,
        )
    else:
        text = ngettext(
            "%(number)d keypoint matches, %(percent)d %% of the area",
            "%(number)d keypoints match, %(percent)d %% of the area",
            inliers,
        )
    return text % {"number": inliers, "percent": percent}
