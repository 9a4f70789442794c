"""What a map page draws: the points that a person may see, each with the group that colors it, packed in binary."""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from gallery.models import CollectionQuerySet, ImageQuerySet
from search.map.files import LibraryMap

MAX_POINTS = 100_000
"""Most points of one page; of larger libraries every n-th along the walk is shown."""
MAX_GROUPS = 28
"""Groups with a look of their own: seven colors times four shapes."""
ALIGNMENT = 8
COLORINGS = ("label", "collection", "none")


@dataclass(frozen=True, slots=True)
class Group:
    """Points that look alike."""

    name: str
    num: int
    kind: str = ""  # "": a label or collection; "none": has none; "several": in several; "rest": of all other groups


@dataclass(frozen=True, slots=True)
class Points:
    """Points in the order of the walk over the map."""

    image_ids: NDArray[np.int64]  # (n,)
    places: NDArray[np.float32]  # (n, 2)
    groups: list[Group]
    group_of: NDArray[np.uint16]  # (n,)
    num_visible: int  # images that pass the filter, on the map or not
    num_on_map: int  # of these, on the map; n may be fewer


def visible_points(
    found: LibraryMap, projection: str, images: ImageQuerySet, coloring: str, collections: CollectionQuerySet
) -> Points:
    """Return the points of those of the images that lie on the map.

    Parameters
    ----------
    found : the map
    projection : "tsne" or "pca"
    images : those that may be seen and pass the page's filter
    coloring : one of COLORINGS
    collections : those that may be named
    """
    names = _names(images, coloring, collections)
    order = found.order[projection]
    rows = order[np.isin(found.image_ids[order], np.fromiter(names, np.int64, len(names)))]
    num_on_map = len(rows)
    if num_on_map > MAX_POINTS:
        # Along the walk, so that every region keeps its share of the points.
        rows = rows[np.linspace(0, num_on_map - 1, MAX_POINTS).astype(np.int64)]
    image_ids = np.asarray(found.image_ids[rows])
    groups, group_of = _group([names[image_id] for image_id in image_ids.tolist()])
    return Points(image_ids, np.asarray(found.points[projection][rows]), groups, group_of, len(names), num_on_map)


def walk(found: LibraryMap, projection: str, images: ImageQuerySet) -> NDArray[np.int64]:
    """Return the ids of those of the images that lie on the map, in the order of a walk over it."""
    visible = np.fromiter(images.values_list("pk", flat=True), np.int64)
    ids = np.asarray(found.image_ids[found.order[projection]])
    return ids[np.isin(ids, visible)]


def pack_points(points: Points) -> bytes:
    """Return points as bytes: a head with the groups as JSON, then ids (float64), x and y (float32), groups (uint16).

    All numbers are little-endian. Ids are float64 because scripts know no larger integers.
    """
    head = {
        "num": len(points.image_ids),
        "num_visible": points.num_visible,
        "num_on_map": points.num_on_map,
        "groups": [asdict(group) for group in points.groups],
    }
    arrays = (
        points.image_ids.astype("<f8"),
        points.places[:, 0].astype("<f4"),
        points.places[:, 1].astype("<f4"),
        points.group_of.astype("<u2"),
    )
    return pack(head, (array.tobytes() for array in arrays))


def pack(head: Mapping[str, object], parts: Iterable[bytes]) -> bytes:
    """Return the length of a head (uint32), the head as JSON, in all a multiple of 8 bytes, and what follows."""
    text = json.dumps(head, separators=(",", ":")).encode()
    # Scripts read the arrays in place, which numbers of eight bytes allow only at multiples of eight.
    text += b" " * (-(len(text) + 4) % ALIGNMENT)
    return b"".join((struct.pack("<I", len(text)), text, *parts))


Name = tuple[str, str]
"""Kind and name of a group."""
NONE, SEVERAL, REST = "none", "several", "rest"


def _names(images: ImageQuerySet, coloring: str, collections: CollectionQuerySet) -> dict[int, Name]:
    """Return the group of each image, in no order."""
    if coloring == "label":
        labels = images.order_by().values_list("pk", "label")
        return {pk: ("", label) if label else (NONE, "") for pk, label in labels.iterator(chunk_size=10_000)}
    found: dict[int, Name] = dict.fromkeys(images.order_by().values_list("pk", flat=True), (NONE, ""))
    if coloring == "collection":
        names = dict(collections.values_list("pk", "name"))
        for pk, collection in images.order_by().values_list("pk", "collections").iterator(chunk_size=10_000):
            if collection in names:
                found[pk] = ("", names[collection]) if found[pk][0] == NONE else (SEVERAL, "")
    return found


def _group(names: list[Name]) -> tuple[list[Group], NDArray[np.uint16]]:
    """Number the groups, largest first; what has no name comes after, and the smallest share the last."""
    counts = Counter(names)
    ranked = sorted(counts, key=lambda name: (name[0] != "", -counts[name], name))
    own = [name for name in ranked if not name[0]][:MAX_GROUPS]
    groups = [Group(name, counts["", name]) for _kind, name in own]
    number = {name: place for place, name in enumerate(own)}
    rest = [name for name in ranked if not name[0]][MAX_GROUPS:]
    if rest:
        number |= dict.fromkeys(rest, len(groups))
        groups.append(Group(str(len(rest)), sum(counts[name] for name in rest), REST))
    for name in ranked:
        if name[0]:
            number[name] = len(groups)
            groups.append(Group("", counts[name], name[0]))
    return groups, np.fromiter((number[name] for name in names), np.uint16, len(names))
