"""Rows that need no image: those of derived methods, from what their sources said, just now or long ago."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.features import registry, stored_vectors
from search.features.leases import Lease
from search.methods import DerivedMethod, Method
from search.types import RGBImage, Vectors

Rows = tuple[list[int], Vectors]
"""Image ids and one row for each, in the same order."""


def describe_images(images: Sequence[RGBImage], used: Mapping[str, Method]) -> dict[str, Vectors]:
    """Describe images that are searched for by each method, asking no network twice; see `Method.describe_query`.

    Returns one array of shape (n, dim) per method, dim the length of a query's row.

    Raises
    ------
    ValueError, SearchError : see `Method.describe`
    """
    found: dict[str, Vectors] = {}
    # In the order of the registry, where a source stands before what is derived from it.
    for name, method in used.items():
        found[name] = describe_by(method, images, found)
    return found


def describe_by(method: Method, images: Sequence[RGBImage], found: Mapping[str, Vectors]) -> Vectors:
    """Describe images that are searched for by one method, from what its source said of them if that was found.

    Raises
    ------
    ValueError, SearchError : see `Method.describe`
    """
    if isinstance(method, DerivedMethod) and method.derives and method.source in found:
        return method.derive(found[method.source])
    return method.describe_query(images)


def stored_sources(held: Lease) -> dict[str, Rows]:
    """Return, by derived method, the source's stored rows of the leased images that it is wanted for."""
    found: dict[str, Rows] = {}
    versions = registry.current_versions()
    for name, method in registry.methods().items():
        if not isinstance(method, DerivedMethod) or method.source not in versions or not method.derives:
            continue
        # Where the source itself is wanted, its stored rows are about to be replaced: they are no ground to build on.
        wanting = [image_id for image_id, names in held.images.items() if name in names and method.source not in names]
        chunks = list(stored_vectors.iter_ready(method.source, versions[method.source], image_ids=wanting))
        if chunks:
            ids = np.concatenate([ids for ids, _rows in chunks]).tolist()
            found[name] = ids, np.concatenate([rows for _ids, rows in chunks])
    return found


def need_pixels(held: Lease, stored: Mapping[str, Rows]) -> list[int]:
    """Return the leased images that must be decoded: something is wanted of them that stored rows do not give."""
    spared = {name: set(ids) for name, (ids, _rows) in stored.items()}
    return [
        image_id
        for image_id, names in held.images.items()
        if any(image_id not in spared.get(name, ()) for name in names)
    ]


def derive(method: Method, image_ids: Iterable[int], sources: Iterable[Rows | None]) -> Rows:
    """Derive the rows of those images that a source has rows of.

    Raises
    ------
    SearchError : see `DerivedMethod.derive`
    """
    wanted, ids = set(image_ids), []
    chosen: list[NDArray[Any]] = []
    if isinstance(method, DerivedMethod) and method.derives:
        for known, rows in filter(None, sources):
            places = [place for place, image_id in enumerate(known) if image_id in wanted]
            ids += [known[place] for place in places]
            chosen += [rows[places]] if places else []
    if not chosen or not isinstance(method, DerivedMethod):
        return [], np.empty((0, 0), np.float32)
    return ids, method.derive(np.concatenate(chosen))
