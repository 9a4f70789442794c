"""How the pages show where a result shows what the query shows: a sentence, and a polygon over the photograph."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gallery.models import Image
from search.types import Verification

WHOLE_PERCENT, LEAST_DEGREES = 98, 3
"""From which on the query is called whole and turned: a motion is known about so well."""


@dataclass(frozen=True, slots=True)
class MotionLook:
    """A motion as a card shows it."""

    inliers: int
    percent: int
    sentence: str
    containment: str  # how much of the query it shows, and how that is changed
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
    sentence = motion_sentence(motion.inliers, percent, mirrored=motion.mirrored)
    return MotionLook(motion.inliers, percent, sentence, containment_sentence(motion), points)


def containment_sentence(motion: Verification) -> str:
    """Return "Contains 64 % of the query, turned by 45°", with what else was done to it."""
    percent, degrees = max(1, round(100 * motion.contained)), abs(round(motion.degrees))
    if percent >= WHOLE_PERCENT:
        text = _("Contains all of the query")
    else:
        text = _("Contains %(percent)d %% of the query") % {"percent": percent}
    changes = [_("in mirror image")] if motion.mirrored else []
    changes += [_("as a negative")] if motion.inverted else []
    changes += [_("turned by %(degrees)d°") % {"degrees": degrees}] if degrees >= LEAST_DEGREES else []
    for change in changes:
        text = _("%(sentence)s, %(change)s") % {"sentence": text, "change": change}
    return text


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
