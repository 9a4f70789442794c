"""A generation's folder, opened: every file compared with the manifest first, then mapped read-only."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError, IndexUnavailableError
from search.generations.library_kinds import NAME as KINDS
from search.generations.library_kinds import read_kinds
from search.index import BACKENDS, IndexBackend, load_backend
from search.index.hashes import HashIndex
from search.index.manifest import Manifest, MethodFiles, Stamp, read_manifest, stamp, verify_files
from search.index.matrices import map_matrix
from search.index.references import uri_of
from search.index.spots import SpotIndex
from search.scoring.kinds import Kinds
from search.scoring.segments import MethodHashes, MethodIndex, MethodRows, MethodTables, Segment, load_tables

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedGeneration:
    """An intact generation; its arrays are memory maps and outlive the folder's removal."""

    generation_id: int
    folder: Path
    manifest: Manifest
    segment: Segment
    tables: dict[str, MethodTables]
    stamp: Stamp
    kinds: Kinds | None = None

    def touched(self) -> bool:
        """Tell whether a file was removed or changed since it was verified."""
        try:
            return stamp(self.folder, self.manifest) != self.stamp
        except IndexDamagedError:
            return True


def open_generation(folder: Path, generation_id: int) -> LoadedGeneration:
    """Verify and open a generation's folder.

    Raises
    ------
    IndexDamagedError : anything is not as it was published; nothing was loaded then
    """
    manifest = read_manifest(folder, generation_id)
    # Before the sums are taken: a file that changes meanwhile looks touched the next time.
    seen = stamp(folder, manifest)
    verify_files(folder, manifest)
    num_images = manifest.num_images
    image_ids = map_matrix(folder / "image_ids.npy", (num_images,), np.int64)
    # Rows are looked up by bisection.
    if np.any(np.diff(image_ids) <= 0):
        raise IndexDamagedError("image_ids_unordered", folder=folder.name)
    methods, tables, indexes, hashes, spots = {}, {}, {}, {}, {}
    for name, files in manifest.methods.items():
        rows = methods[name] = open_rows(folder, name, files, num_images)
        tables[name] = load_tables(folder / f"{name}.calibration.npz")
        places = None if rows.present is None else np.flatnonzero(rows.present)
        if index := _open_index(folder, files, manifest.backend, rows.scanned.shape[1]):
            quality = index.quality_of_effort(files.effort) if files.quality is None else files.quality
            indexes[name] = MethodIndex(index, quality, places)
        if files.hashes:
            codes = HashIndex.load(folder / files.hashes, files.code_bits // 8, files.num_present)
            hashes[name] = MethodHashes(codes, places)
        if files.spots:
            spots[name] = SpotIndex.open(folder, name, files.spot_side, files.num_spots, num_images)
    # Earlier generations have none, nor have libraries of one kind.
    kinds, numbers = read_kinds(folder, num_images) if KINDS in manifest.files else (None, None)
    segment = Segment(image_ids, np.ones(num_images, bool), methods, indexes, hashes, spots, numbers)
    return LoadedGeneration(generation_id, folder, manifest, segment, tables, seen, kinds)


def open_rows(folder: Path, name: str, files: MethodFiles, num_images: int) -> MethodRows:
    """Map a method's rows; see `open_generation`."""
    vectors = map_matrix(folder / f"{name}.vectors.npy", (num_images, files.dim), files.dtype)
    mask: NDArray[np.bool_] = map_matrix(folder / f"{name}.mask.npy", (num_images,), np.bool_)
    if np.count_nonzero(mask) != files.num_present:
        raise IndexDamagedError("mask_wrong", method=name, expected=files.num_present)
    # Without a mask scans need not look at one that is true everywhere.
    present = None if files.num_present == num_images else mask
    proxies = None
    if files.stand_in_dim:
        proxies = map_matrix(folder / f"{name}.stand_in.npy", (num_images, files.stand_in_dim), np.float32)
    reduced = basis = None
    if files.reduced_dim:
        reduced = map_matrix(folder / f"{name}.reduced.npy", (num_images, files.reduced_dim), np.float32)
        basis = map_matrix(folder / f"{name}.basis.npy", (files.scanned_dim, files.reduced_dim), np.float32)
    return MethodRows(files.version, vectors, present, proxies, reduced, basis)


def _open_index(folder: Path, files: MethodFiles, writer: str, dim: int) -> IndexBackend | None:
    """Open a method's index; None: search exactly."""
    backend = _reader(writer) if files.index else None
    if backend is None:
        return None
    try:
        return backend.open(uri_of(folder / files.index), dim, files.num_present)
    except IndexUnavailableError as error:
        logger.warning("%s/%s: searched exactly: %s", folder.name, files.index, error)
        return None


def _reader(writer: str) -> type[IndexBackend] | None:
    """Return a backend that reads what `writer` wrote and can be used here; None: search exactly."""
    suffix = load_backend(writer).suffix
    others = [backend for backend in map(load_backend, BACKENDS) if suffix and backend.suffix == suffix]
    return next((backend for backend in (load_backend(writer), *others) if backend.unavailable() is None), None)
