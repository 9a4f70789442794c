"""Drawings of the compare page as SVG paths: histograms of the colors, keypoints on both images, the maps' legend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.models import Image
from review.inspection.histograms import CHANNELS
from review.inspection.palette import colors

CHANNEL_LABELS = {
    "red": gettext_lazy("red"),
    "green": gettext_lazy("green"),
    "blue": gettext_lazy("blue"),
    "brightness": gettext_lazy("brightness"),
}
BOX = (480.0, 360.0)
"""Room of each image in the drawing of the keypoints, in its own units."""
GAP = 24.0
LEGEND_STEPS = 24


@dataclass(frozen=True, slots=True)
class Band:
    """One channel of both images' histograms: paths on a square of 100 by 100."""

    name: str
    label: str
    first: str
    second: str
    overlap: int  # percent


@dataclass(frozen=True, slots=True)
class Frame:
    """Where an image lies in a drawing."""

    image: Image
    x: float
    y: float
    width: float
    height: float

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a place of 0..1 on the image lies."""
        return round(self.x + x * self.width, 1), round(self.y + y * self.height, 1)


@dataclass(frozen=True, slots=True)
class KeypointDrawing:
    """Both images, and lines between the keypoints that look alike."""

    width: float
    height: float
    frames: tuple[Frame, Frame]
    fitting: str  # paths: lines between the two images
    others: str
    dots: str  # paths: points at the ends of the lines that fit
    polygon: str  # points of the matched area on the second image, and empty where there is none


@dataclass(frozen=True, slots=True)
class HistogramStep:
    """One color of the maps' legend."""

    x: float
    width: float
    color: str


def make_bands(histograms: Mapping[str, Any]) -> list[Band]:
    """Return the channels of two histograms; heights are square roots, so that one common color hides no other."""
    highest = max(max(max(row) for row in histograms[side]) for side in ("first", "second")) or 1.0
    bands = []
    for number, name in enumerate(CHANNELS):
        paths = [_curve(histograms[side][number], highest, closed=name == "brightness") for side in ("first", "second")]
        overlap = round(100 * histograms["overlaps"][number])
        bands.append(Band(name, str(CHANNEL_LABELS[name]), paths[0], paths[1], overlap))
    return bands[::-1]  # the area of the brightness first, so that the lines are drawn upon it


def draw_keypoints(keypoints: Mapping[str, Any], first: Image, second: Image) -> KeypointDrawing:
    """Lay two images side by side and draw the pairs of keypoints."""
    frames = _frame(first, 0), _frame(second, BOX[0] + GAP)
    fitting, others = keypoints.get("points", []), keypoints.get("others", [])
    ends = [place for row in fitting for place in _ends(frames, row)]
    corners = [frames[1].place(*corner) for corner in keypoints.get("polygon", [])]
    return KeypointDrawing(
        width=2 * BOX[0] + GAP,
        height=BOX[1],
        frames=frames,
        fitting=_lines(frames, fitting),
        others=_lines(frames, others),
        # A line of no length with round ends is a dot.
        dots="".join(f"M{x} {y}h0" for x, y in ends),
        polygon=" ".join(f"{x},{y}" for x, y in corners),
    )


def legend() -> list[HistogramStep]:
    """Return the maps' colors from the same to nothing in common, along 100 units."""
    table, width = colors(), 100 / LEGEND_STEPS
    steps = []
    for number in range(LEGEND_STEPS):
        red, green, blue = table[round(number * (len(table) - 1) / (LEGEND_STEPS - 1))].tolist()
        # A little too wide: between rectangles that only touch, the background would shine through.
        steps.append(HistogramStep(round(number * width, 3), round(width + 0.1, 3), f"#{red:02x}{green:02x}{blue:02x}"))
    return steps


def overlap_sentence(bands: Iterable[Band]) -> str:
    """Return how far the colors agree, in words."""
    parts = [_("%(channel)s %(percent)d %%") % {"channel": band.label, "percent": band.overlap} for band in bands]
    return _("Histograms in common: %(parts)s.") % {"parts": ", ".join(parts)}


def _curve(shares: Sequence[float], highest: float, *, closed: bool) -> str:
    """Return a path over the bins."""
    step = 100 / len(shares)
    points = [f"{(n + 0.5) * step:.2f} {100 * (1 - (share / highest) ** 0.5):.2f}" for n, share in enumerate(shares)]
    path = "M" + "L".join(points)
    return f"{path}L{100 - step / 2:.2f} 100L{step / 2:.2f} 100Z" if closed else path


def _frame(image: Image, left: float) -> Frame:
    scale = min(BOX[0] / max(image.width, 1), BOX[1] / max(image.height, 1))
    width, height = image.width * scale, image.height * scale
    x, y = left + (BOX[0] - width) / 2, (BOX[1] - height) / 2
    return Frame(image, round(x, 1), round(y, 1), round(width, 1), round(height, 1))


def _ends(frames: tuple[Frame, Frame], row: Sequence[float]) -> tuple[tuple[float, float], tuple[float, float]]:
    return frames[0].place(row[0], row[1]), frames[1].place(row[2], row[3])


def _lines(frames: tuple[Frame, Frame], rows: Iterable[Sequence[float]]) -> str:
    drawn = (_ends(frames, row) for row in rows)
    return "".join(f"M{start[0]} {start[1]}L{end[0]} {end[1]}" for start, end in drawn)
