"""The background: how alike random photographs are by each method, measured once and shipped with the program.

Seventy images have 2,415 pairs, which say what one pair in ten reaches, and next to nothing of one in a thousand. So a
small library borrows its scale from `background.json`, and gives up what it borrowed as it grows: see `blend`. The file
holds tables alone, one per method and version, never images; `benchmarks/background.py` makes it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from search.exceptions import BackgroundError

logger = logging.getLogger(__name__)
FILE = Path(__file__).with_name("background.json")
SPREAD = 0.5
"""How far apart two collections' decades of one score typically lie: what one knows of the other is worth no more."""
UNEVENNESS = 1.0
"""Variance of the share of images that an image is so alike to, relative to its square: some are alike to many."""
Key = tuple[str, str]
"""Method and version."""


class Scale(Protocol):
    """Decades as a function of the raw score."""

    @property
    def low(self) -> float:
        """The lowest raw score that it tells from others."""

    def decades_of(self, scores: NDArray[Any]) -> NDArray[np.float64]:
        """Return -log10 P(S >= score), of the shape of the scores."""


@dataclass(frozen=True, slots=True)
class Background:
    """What was seen of random photographs: linear between knots, flat outside.

    Attributes
    ----------
    scores : ndarray of shape (k,), float64, rising
    decades : ndarray of shape (k,), float64, >= 0, never falling
    num_images, num_pairs : that it was made from
    """

    scores: NDArray[np.float64]
    decades: NDArray[np.float64]
    num_images: int
    num_pairs: int

    @property
    def low(self) -> float:
        """See `Scale`."""
        return float(self.scores[0])

    def decades_of(self, scores: NDArray[Any]) -> NDArray[np.float64]:
        """See `Scale`; NaN stays NaN."""
        return np.asarray(np.interp(scores, self.scores, self.decades), np.float64)


def blend(
    own: NDArray[np.float64], prior: NDArray[np.float64], num_pairs: int, num_images: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weigh what a sample says of some scores against what was known before, each by how sure it is.

    Both are estimates of the same decades, and the mean of least variance weighs each by the inverse of its own. What
    was known before is off by SPREAD decades. The sample's share P of pairs is a U-statistic (Hoeffding 1948): pairs
    that have an image in common are not independent, and its relative variance is about 4 c / n + 1 / K, with n images,
    K = P N of the N pairs, and c = UNEVENNESS. So seventy images are believed about one pair in ten almost alone, about
    one in a thousand by two thirds, and no number of pairs among few images makes up for the images.

    Parameters
    ----------
    own, prior : ndarrays of one shape, decades
    num_pairs, num_images : of the sample

    Returns
    -------
    decades : ndarray of that shape
    borrowed : ndarray of that shape, 0..1: the weight of the prior
    """
    if not num_pairs:
        return prior.copy(), np.ones(prior.shape)
    relative = 4 * UNEVENNESS / max(num_images, 1) + 10.0**own / num_pairs
    variance = relative / np.log(10) ** 2
    borrowed = variance / (variance + SPREAD**2)
    return own + borrowed * (prior - own), borrowed


def background_of(name: str, version: str) -> Background | None:
    """Return the background of one version of a method; None where none was measured, or the file is damaged."""
    return _shipped().get((name, version))


@lru_cache(maxsize=1)
def _shipped() -> Mapping[Key, Background]:
    try:
        return read_backgrounds(FILE)
    except BackgroundError as error:
        # Libraries go by their own pairs then, as they would without the file; `manage.py check` says so, too.
        logger.error("%s", error)
        return {}


def read_backgrounds(path: Path) -> dict[Key, Background]:
    """Read a file of backgrounds.

    Raises
    ------
    BackgroundError : missing, or not such a file; the message says where it is wrong
    """
    try:
        tables = json.loads(path.read_text())["tables"]
        return {(table["method"], table["version"]): _parse(table, path) for table in tables}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackgroundError("background_unreadable", path=path.name, cause=repr(error)) from error


def _parse(table: Mapping[str, Any], path: Path) -> Background:
    scores, decades = (np.array(table[name], np.float64) for name in ("scores", "decades"))
    rising = scores.ndim == 1 and scores.shape == decades.shape and len(scores) > 1 and (np.diff(scores) > 0).all()
    if not rising or not (np.diff(decades) >= 0).all() or not 0 <= decades[0] <= decades[-1] < np.inf:
        raise BackgroundError("background_not_rising", path=path.name, method=table["method"])
    return Background(scores, decades, int(table["images"]), int(table["pairs"]))


def write_backgrounds(path: Path, found: Mapping[Key, Background], source: str) -> None:
    """Write a file of backgrounds, and what they were made from."""
    tables = [
        {
            "method": name,
            "version": version,
            "images": each.num_images,
            "pairs": each.num_pairs,
            "scores": [round(score, 5) for score in each.scores.tolist()],
            "decades": [round(decade, 3) for decade in each.decades.tolist()],
        }
        for (name, version), each in sorted(found.items())
    ]
    lines = ",\n".join(json.dumps(table, separators=(",", ":")) for table in tables)
    path.write_text(f'{{"source": {json.dumps(source)}, "tables": [\n{lines}\n]}}\n')
