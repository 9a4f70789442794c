"""Parts of images as queries: each is a row like an uploaded query's, whose key follows from the bytes and the box.

So the address of a search for a part can be shared, and whoever comes after the row is forgotten makes it again. The
key follows from the methods' versions, too: after one of them has changed the part is described again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from gallery.models import Image
from search.exceptions import RegionError
from search.features import registry
from search.models import Query
from search.query.description import uploaded_query
from search.query.request import Box

MIN_SIDE = 32
"""Pixels that a part must at least measure each way: methods see nothing in less."""
NAMESPACE = uuid.UUID("5f0cbf5e-7a57-4d0c-9a6c-2a39c6a3b0de")
STEPS = 1000
"""Boxes are told apart by thousandths of a side."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of an image that can be searched by."""

    key: uuid.UUID
    sha256: str
    name: str
    box: Box
    width: int
    height: int


def check(whole: Image | Query, box: Box) -> Region:
    """Return a part of an image.

    Raises
    ------
    RegionError : the box is empty, reaches beyond the image, or is too small
    """
    if not (box.width > 0 and box.height > 0):
        raise RegionError("region_empty")
    kept = Box(*(round(STEPS * each) / STEPS for each in (box.left, box.top, box.width, box.height)))
    # Two rounded numbers may add up to a step more than the whole.
    beyond = 1 + 1.5 / STEPS
    if not (kept.left >= 0 and kept.top >= 0 and kept.left + kept.width <= beyond and kept.top + kept.height <= beyond):
        raise RegionError("region_outside")
    width, height = round(kept.width * whole.width), round(kept.height * whole.height)
    if min(width, height) < MIN_SIDE:
        raise RegionError("region_too_small", least=MIN_SIDE, width=width, height=height)
    return Region(_key(whole.sha256, kept), whole.sha256, whole.original_name, kept, width, height)


def _key(sha256: str, box: Box) -> uuid.UUID:
    versions = " ".join(f"{name}@{version}" for name, version in sorted(registry.current_versions().items()))
    return uuid.uuid5(NAMESPACE, f"{sha256} {box} {versions}")


def rows_of(asked: Sequence[Region]) -> dict[uuid.UUID, Query]:
    """Return the rows of parts, by key; rows that are new wait to be described. Two database queries at most."""
    keys = [each.key for each in asked]
    found = Query.objects.defer("vectors").in_bulk(keys)
    new = {
        each.key: Query(
            pk=each.key,
            sha256=each.sha256,
            box=str(each.box),
            original_name=each.name[:255],
            width=each.width,
            height=each.height,
        )
        for each in asked
        if each.key not in found
    }
    if new:
        # Two who ask at once make one row.
        Query.objects.bulk_create(new.values(), ignore_conflicts=True)
        for key in new:
            uploaded_query.send(key)
    return found | new
