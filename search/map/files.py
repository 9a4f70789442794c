"""A map's folder and the catalog that says which folders are in use: written aside, verified, published in one step."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.files import sync, write_json
from search.exceptions import IndexAbsentError, IndexDamagedError
from search.index.manifest import FileSum, lost, sum_files
from search.index.matrices import map_matrix
from search.map.projection import Directions, curve_order

FORMAT = 1
MANIFEST, CATALOG, DAMAGED = "manifest.json", "catalog.json", "damaged"
PROJECTIONS = ("tsne", "pca")
"""Kinds of coordinates that every map holds, the usual one first."""


@dataclass(frozen=True, slots=True)
class MapFacts:
    """What is known of one method's map."""

    method: str
    version: str  # of the method whose rows are laid out
    num_images: int
    num_fitted: int  # rows that the layout was made of; the others were placed into it
    plane: float  # share of the variance that the PCA plane shows, 0..1
    kept: float  # share of the variance that t-SNE was given, 0..1
    created: str = ""  # ISO 8601, UTC


@dataclass(frozen=True, slots=True)
class MapModel:
    """What new rows are placed by."""

    directions: Directions
    reference: NDArray[np.float32]  # (m, k): the rows laid out, along the directions
    points: NDArray[np.float32]  # (m, 2): where t-SNE laid them


@dataclass(frozen=True, slots=True)
class LibraryMap:
    """Where each image lies, by image id; arrays are memory maps and outlive the folder's removal."""

    facts: MapFacts
    image_ids: NDArray[np.int64]  # (n,), ascending
    points: dict[str, NDArray[np.float32]]  # projection -> (n, 2)
    order: dict[str, NDArray[np.int64]]  # projection -> (n,): rows along a walk over the map
    model: MapModel


@dataclass(frozen=True, slots=True)
class Entry:
    """A folder in use, and the revision of the library up to which it was brought."""

    folder: str
    revision: int


@dataclass(frozen=True, slots=True)
class Catalog:
    """The folders in use."""

    maps: dict[str, Entry] = field(default_factory=dict)  # method -> folder
    sprites: str = ""  # folder of the small thumbnails; empty: none yet


Stamp = tuple[tuple[str, int, int, int], ...]
"""Name, size, time of change in ns and inode of each file."""


def write_map(folder: Path, found: LibraryMap) -> None:
    """Write a map into a new folder, manifest last.

    Raises
    ------
    OSError : the disk is full, or a file cannot be written; the folder is then to be removed
    """
    folder.mkdir(parents=True)
    directions = found.model.directions
    arrays: dict[str, NDArray[Any]] = {
        "image_ids": found.image_ids,
        "mean": directions.mean,
        "axes": directions.axes,
        "reference": found.model.reference,
        "reference_points": found.model.points,
    }
    for name in PROJECTIONS:
        arrays |= {name: found.points[name], f"{name}_order": found.order[name]}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
    write_manifest(folder, asdict(found.facts) | {"created": datetime.now(UTC).isoformat(timespec="seconds")})


def open_map(folder: Path) -> LibraryMap:
    """Verify a map's folder and map its files.

    Raises
    ------
    IndexDamagedError : anything is not as it was written; the text names the file
    """
    try:
        facts = MapFacts(**read_manifest(folder))
    except TypeError as error:
        raise IndexDamagedError("no_map_manifest", folder=folder.name, cause=str(error)) from error
    num = facts.num_images
    axes = _mapped(folder, "axes", np.float32)
    mean = _mapped(folder, "mean", np.float32)
    reference = _mapped(folder, "reference", np.float32)
    fitted = map_matrix(folder / "reference_points.npy", (facts.num_fitted, 2), np.float32)
    if mean.shape != axes.shape[:1] or reference.shape != (facts.num_fitted, axes.shape[-1]):
        raise IndexDamagedError("arrays_do_not_fit", folder=folder.name)
    return LibraryMap(
        facts,
        map_matrix(folder / "image_ids.npy", (num,), np.int64),
        {name: map_matrix(folder / f"{name}.npy", (num, 2), np.float32) for name in PROJECTIONS},
        {name: map_matrix(folder / f"{name}_order.npy", (num,), np.int64) for name in PROJECTIONS},
        MapModel(Directions(mean, axes, facts.kept, facts.plane), reference, fitted),
    )


def laid_out(
    facts: MapFacts, image_ids: NDArray[np.int64], points: dict[str, NDArray[np.float32]], model: MapModel
) -> LibraryMap:
    """Return a map of points, with the walk over each projection."""
    return LibraryMap(facts, image_ids, points, {name: curve_order(points[name]) for name in PROJECTIONS}, model)


def write_manifest(folder: Path, facts: dict[str, Any]) -> None:
    """Write what is known of a folder, with the sums of all its files and of itself, and bring it to the disk."""
    names = sorted(path.name for path in folder.iterdir())
    body = {"format": FORMAT, "facts": facts, "files": {n: asdict(s) for n, s in sum_files(folder, names).items()}}
    (folder / MANIFEST).write_text(json.dumps({"body": body, "sum": _body_sum(body)}, indent=1) + "\n")
    for path in (*folder.iterdir(), folder):
        sync(path)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what is known of a folder, after comparing every file with its sum.

    Raises
    ------
    IndexDamagedError : a file is missing or not what was written
    """
    body = _read_body(folder)
    try:
        expected = {name: FileSum(**entry) for name, entry in body["files"].items()}
        found = sum_files(folder, expected)
        facts: dict[str, Any] = body["facts"]
    except OSError as error:
        raise lost(folder, "files_unreadable", folder=folder.name, cause=str(error)) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise IndexDamagedError("manifest_malformed", folder=folder.name, cause=repr(error)) from error
    for name, file_sum in expected.items():
        if found[name] != file_sum:
            raise IndexDamagedError("content_differs", file=f"{folder.name}/{name}")
    return facts


def stamp(folder: Path) -> Stamp:
    """Return the stamp of a folder's files, or an empty one when the folder is gone; costs microseconds."""
    try:
        found = [(entry.name, entry.stat()) for entry in os.scandir(folder)]
    except OSError:
        return ()
    return tuple(sorted((name, seen.st_size, seen.st_mtime_ns, seen.st_ino) for name, seen in found))


def read_catalog(root: Path) -> Catalog:
    """Return which folders are in use; an empty catalog where there is none, or none of this format.

    Raises
    ------
    IndexAbsentError : there is one, and it cannot be read now
    """
    try:
        found = json.loads((root / CATALOG).read_text())
        if found["format"] != FORMAT:
            return Catalog()
        return Catalog({name: Entry(**entry) for name, entry in found["maps"].items()}, str(found["sprites"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return Catalog()
    except OSError as error:
        # Not empty: folders that no catalog names are removed, and people's maps laid out another way.
        raise IndexAbsentError("catalog_away", file=CATALOG, cause=str(error)) from error


def write_catalog(root: Path, catalog: Catalog) -> None:
    """Put a new catalog in the place of the old one, in one step."""
    write_json(root / CATALOG, {"format": FORMAT} | asdict(catalog), indent=1)


def _mapped(folder: Path, name: str, dtype: type[np.generic]) -> NDArray[Any]:
    """Map an array whose shape its neighbors tell."""
    try:
        return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False), dtype)
    except (OSError, ValueError) as error:
        raise IndexDamagedError("array_unreadable", file=f"{folder.name}/{name}.npy", cause=str(error)) from error


def _read_body(folder: Path) -> dict[str, Any]:
    try:
        document = json.loads((folder / MANIFEST).read_text())
        body: dict[str, Any] = document["body"]
        intact = document["sum"] == _body_sum(body) and body["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise lost(folder, "manifest_unreadable", folder=folder.name, cause=str(error)) from error
    if not intact:
        raise IndexDamagedError("map_manifest_altered", folder=folder.name)
    return body


def _body_sum(body: dict[str, Any]) -> int:
    """Return a sum of the manifest's content, whatever its layout."""
    return zlib.crc32(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())
