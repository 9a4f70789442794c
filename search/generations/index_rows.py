"""What makes a method's rows searchable: alignment, reduced rows, ANN index and hash index."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from search.generations.pca import fit_reduction, reduce_rows
from search.generations.recall import tune_quality
from search.index import IndexBackend
from search.index.hashes import HashIndex
from search.index.manifest import MethodFiles
from search.index.matrices import MatrixWriter, map_matrix, spread_rows
from search.index.references import place_index
from search.index.spot_building import write_spots
from search.index.spots import side_for
from search.methods import Method, RerankMethod
from search.scoring.copies import KnownCopies, no_copies
from search.scoring.segments import MethodRows
from search.types import Spots

CODE_ROWS, SPOT_ROWS = 65_536, 1024


class Progress(Protocol):
    """Called with what is being done and which share of all is done, 0..1."""

    def __call__(self, text: str, share: float) -> None: ...


@dataclass(frozen=True, slots=True)
class IndexPlan:
    """How a generation is built."""

    generation: int
    revision: int
    backend: type[IndexBackend]
    exact_max: int
    seed: int
    min_recall: float
    threads: int = os.cpu_count() or 1
    hints: Mapping[str, int] = field(default_factory=dict)  # see `IndexBackend.build`
    known_copies: KnownCopies = no_copies

    def indexes(self, num_images: int) -> bool:
        """Tell whether so many images are searched by indexes."""
        return num_images > self.exact_max and self.backend.name != "exact"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a method's rows stand among a generation's."""

    num_images: int
    rows: NDArray[np.int64]  # ascending

    @property
    def whole(self) -> bool:
        """Whether no image lacks the method."""
        return len(self.rows) == self.num_images


def make_searchable(
    folder: Path, method: Method, files: MethodFiles, places: Places, plan: IndexPlan, progress: Progress, share: float
) -> MethodFiles:
    """Align, reduce and index one method's rows, which stand in the folder without gaps; say what was written.

    Parameters
    ----------
    folder : of the generation
    method, files : whose rows, and what was written of them so far
    places : of the rows, in their order
    plan : how the generation is built
    progress, share : called at every step, with this share
    """
    rows = _align(folder, method.name, files, places)
    if not method.reranks:
        progress(f"{method.name}: reduction", share)
        rows, files = _reduce(folder, method.name, files, rows, places, plan.seed)
    if isinstance(method, RerankMethod):
        if method.spot_version:
            progress(f"{method.name}: spots", share)
            files = _index_spots(folder, method, files, rows, places)
        return files
    if not plan.indexes(places.num_images):
        return files
    progress(f"{method.name}: index", share)
    files = _index(folder, method.name, files, rows, places, plan)
    if method.code_bits:
        progress(f"{method.name}: codes", share)
        files = _index_codes(folder, method, files, rows, places)
    return files


def _align(folder: Path, name: str, files: MethodFiles, places: Places) -> MethodRows:
    """Put the rows in line with those of the other methods, and map them."""
    present = np.zeros(places.num_images, bool)
    present[places.rows] = True
    np.save(folder / f"{name}.mask.npy", present)
    dims = {f"{name}.vectors.npy": (files.dim, files.dtype)}
    if files.stand_in_dim:
        dims[f"{name}.stand_in.npy"] = (files.stand_in_dim, "float32")
    mapped = []
    for file, (dim, dtype) in dims.items():
        if not places.whole:
            spread_rows(folder / file, places.rows, places.num_images)
        mapped.append(map_matrix(folder / file, (places.num_images, dim), dtype))
    return MethodRows(files.version, mapped[0], present, mapped[1] if files.stand_in_dim else None)


def _reduce(
    folder: Path, name: str, files: MethodFiles, rows: MethodRows, places: Places, seed: int
) -> tuple[MethodRows, MethodFiles]:
    """Write a method's rows with fewer numbers, if that keeps enough of them."""
    reduction = fit_reduction(rows.whole, places.rows, seed)
    if reduction is None:
        return rows, files
    basis, path = reduction.basis, folder / f"{name}.reduced.npy"
    np.save(folder / f"{name}.basis.npy", basis)
    with MatrixWriter(path, basis.shape[1], np.float32) as writer:
        for block in reduce_rows(rows.whole, basis):
            writer.append(block)
    reduced = map_matrix(path, (places.num_images, basis.shape[1]), np.float32)
    files = replace(files, reduced_dim=basis.shape[1], variance=reduction.variance, reduced_recall=reduction.recall)
    return replace(rows, reduced=reduced, basis=basis), files


def _index(
    folder: Path, name: str, files: MethodFiles, rows: MethodRows, places: Places, plan: IndexPlan
) -> MethodFiles:
    """Build a method's ANN index, and keep it if it finds enough."""
    # An index knows only rows that are there; `MethodIndex` leads from its rows to those of the generation.
    scanned = rows.scanned if places.whole else rows.scanned[places.rows]
    full = rows.whole if places.whole else rows.whole[places.rows]
    path, uri = place_index(plan.backend, folder, name)
    plan.backend.build(scanned, uri, seed=plan.seed, threads=plan.threads, hints=plan.hints)
    index = plan.backend.open(uri, scanned.shape[1], len(scanned))
    reduced = None if rows.reduced is None else scanned
    quality, recall = tune_quality(index, full, min_recall=plan.min_recall, seed=plan.seed, reduced=reduced)
    # Comparing all rows is slower, but right. The manifest keeps what the index reached.
    if recall < plan.min_recall:
        plan.backend.drop(uri)
        path.unlink(missing_ok=True)
        return replace(files, recall=recall)
    return replace(files, index=path.name, quality=quality, recall=recall)


def _index_codes(folder: Path, method: Method, files: MethodFiles, rows: MethodRows, places: Places) -> MethodFiles:
    """Build the hash index of a method's codes."""
    path = folder / f"{method.name}{HashIndex.suffix}"
    HashIndex.build(_codes(method, rows, places), path, code_bytes=method.code_bits // 8)
    return replace(files, hashes=path.name, code_bits=method.code_bits)


def _index_spots(
    folder: Path, method: RerankMethod, files: MethodFiles, rows: MethodRows, places: Places
) -> MethodFiles:
    """Build the index of a method's spots."""
    side = side_for(len(places.rows), method.spot_sides)
    num_spots = write_spots(_spots(method, rows, places, side), folder, method.name, side=side)
    return replace(files, spots=method.spot_version, spot_side=side, num_spots=num_spots)


def _spots(method: RerankMethod, rows: MethodRows, places: Places, side: int) -> Iterator[Spots]:
    for start in range(0, len(places.rows), SPOT_ROWS):
        chosen = places.rows[start : start + SPOT_ROWS]
        spots = method.spots(rows.vectors[chosen], side)
        yield replace(spots, owners=chosen[spots.owners])


def _codes(method: Method, rows: MethodRows, places: Places) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(places.rows), CODE_ROWS):
        yield method.codes(rows.vectors[places.rows[start : start + CODE_ROWS]])
