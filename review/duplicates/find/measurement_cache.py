"""A cache of what scans measured, in one file: the next scan measures only what is new.

The file holds raw scores, which depend on nothing but the images and the versions of the methods. Every scan
writes it again, and makes it from nothing where it is missing, damaged or of another recipe.
"""

from __future__ import annotations

import json
import logging
import zipfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.files import whole_file
from review.duplicates.find.measure import METHODS
from review.duplicates.find.pairs import Pairs
from review.storage import measurements_file

RECIPE = 1
"""Raise it when other pairs would become candidates."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CachedMeasurements:
    """Measured pairs.

    Attributes
    ----------
    pairs : of image ids
    raw : ndarray of shape (methods, n), see `measuring.measure`
    image_ids : ndarray of the images that were compared with all others, ascending
    revision : of search, up to which changes are inside
    """

    pairs: Pairs
    raw: NDArray[np.float32]
    image_ids: NDArray[np.int64]
    revision: int


def nothing() -> CachedMeasurements:
    """Return what is known before the first scan."""
    return CachedMeasurements(Pairs.listed([]), np.empty((len(METHODS), 0), np.float32), np.empty(0, np.int64), 0)


def read_cache(versions: dict[str, str]) -> CachedMeasurements:
    """Return what was measured at these versions of the methods; nothing when the file is of no use."""
    path = measurements_file()
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:  # a pickle could run code
            if json.loads(str(kept["about"])) != _about(versions):
                return nothing()
            known = CachedMeasurements(
                Pairs(kept["first"], kept["second"]), kept["raw"], kept["ids"], int(kept["revision"])
            )
    except FileNotFoundError:
        return nothing()
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        logger.warning("%s is damaged, all pairs are measured again: %s", path.name, error)
        return nothing()
    return known if known.raw.shape == (len(METHODS), known.pairs.size) else nothing()


def write_cache(known: CachedMeasurements, versions: dict[str, str]) -> None:
    """Keep what is known, in the place of what was."""
    path = measurements_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path, durable=False) as file:
        np.savez(
            file,
            allow_pickle=False,
            about=np.array(json.dumps(_about(versions))),
            first=known.pairs.first,
            second=known.pairs.second,
            raw=known.raw,
            ids=known.image_ids,
            revision=np.array(known.revision),
        )


def _about(versions: dict[str, str]) -> dict[str, object]:
    """Return what the measurements rest on; the order of the methods is that of their rows."""
    return {"recipe": RECIPE, "methods": [[name, versions.get(name, "")] for name in METHODS]}
