"""What a worker finds out about a pair of images: maps of differences, keypoints, colors, textbook values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gallery.decoding import get_decoder
from gallery.storage import originals
from review.inspection import correspondence, differences, histograms
from review.inspection.correspondence import Correspondence
from search.exceptions import SearchError
from search.public.features import ANALYSIS_SIDE, methods, unavailable_methods
from search.public.pictures import RGBImage

PLAIN, ALIGNED = "plain", "aligned"
"""Kinds of maps: the second image resized to the first one's size, and laid over it by the motion that was found."""
MOST_DRAWN = 200
"""Pairs of keypoints of either sort that are kept to be drawn, spread evenly over all."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found out.

    Attributes
    ----------
    document : what JSON can hold: `textbook_values`, `unguided`, `differences`, `keypoints`, `histograms`
    pictures : by kind, ndarrays of shape (H, W, 4), dtype uint8: maps of the differences in colors
    """

    document: dict[str, Any]
    pictures: Mapping[str, NDArray[np.uint8]]


@runtime_checkable
class TextbookMethod(Protocol):
    """A method for which the textbook names a definition of its own."""

    def textbook_similarity(self, first: RGBImage, second: RGBImage) -> float: ...


def look_closely(first_sha256: str, second_sha256: str) -> Findings:
    """Compare the originals of two images.

    Raises
    ------
    gallery.decoding.Refused : an original cannot be decoded any more
    OSError : an original cannot be opened now
    """
    with originals.local_file(first_sha256) as one, originals.local_file(second_sha256) as other:
        return _compare_files(one, other)


def _compare_files(*paths: Path) -> Findings:
    first, second = (get_decoder().pixels(path, correspondence.SIDE) for path in paths)
    found = correspondence.correspond(first, second)
    maps = {PLAIN: differences.compare(first, second)}
    if found.motion:
        maps[ALIGNED] = differences.compare(first, second, found.motion.matrix)
    known = {kind: about for kind, about in maps.items() if about is not None}
    # At the size at which searches describe images, so that the values can be held against theirs.
    textbook_values, unguided = _textbook_values(*(get_decoder().pixels(path, ANALYSIS_SIDE) for path in paths))
    document = {
        "guides": textbook_values,  # as stored documents of version 0.1 call it
        "unguided": unguided,
        "differences": {kind: {"mean": about.mean, "overlap": about.overlap} for kind, about in known.items()},
        "keypoints": _keypoints(found),
        "histograms": _histograms(first, second),
    }
    return Findings(document, {kind: about.picture for kind, about in known.items()})


def _textbook_values(first: RGBImage, second: RGBImage) -> tuple[dict[str, float], dict[str, Any]]:
    """Return what each method's own definition in the textbook says, and why some say nothing."""
    values, missing = {}, {name: reason.as_json() for name, reason in unavailable_methods().items()}
    for name, method in methods().items():
        if name in missing or not isinstance(method, TextbookMethod):
            continue
        try:
            values[name] = cast("TextbookMethod", method).textbook_similarity(first, second)
        except SearchError as error:
            missing[name] = error.as_json()
        except ValueError as error:
            missing[name] = SearchError(str(error)).as_json()
    return values, missing


def _keypoints(found: Correspondence) -> dict[str, Any]:
    about: dict[str, Any] = {
        "counts": found.counts,
        "pairs": found.num_pairs,
        "others": _places(found.others.reshape(-1, 4)),
        "inliers": 0,
    }
    if motion := found.motion:
        about |= {
            "inliers": motion.inliers,
            "area": motion.matched_area,
            "mirrored": motion.mirrored,
            "polygon": _places(found.outline),
            "matrix": motion.matrix.tolist(),
            "points": _places(motion.points.reshape(-1, 4)),
        }
    return about


def _histograms(first: RGBImage, second: RGBImage) -> dict[str, Any]:
    one, other = histograms.histograms(first), histograms.histograms(second)
    return {
        "first": np.round(one, 5).tolist(),
        "second": np.round(other, 5).tolist(),
        "overlaps": np.round(histograms.overlaps(one, other), 4).tolist(),
    }


def _places(rows: NDArray[np.float64]) -> list[list[float]]:
    """Return places of 0..1, at most MOST_DRAWN of them, rounded to a ten-thousandth of a side."""
    step = max(1, -(-len(rows) // MOST_DRAWN))
    drawn: list[list[float]] = np.round(rows[::step], 4).tolist()
    return drawn
