"""A generation's folder, written: rows streamed in bounded memory, aligned, calibrated, indexed and described."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version as library_version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.generations.calibrate import calibrate
from search.generations.index_rows import IndexPlan, Places, Progress, make_searchable
from search.index import IndexBackend
from search.index.manifest import Manifest, MethodFiles, sum_files, write_manifest
from search.index.matrices import MatrixWriter
from search.methods import Method, PairwiseMethod
from search.types import Vectors

__all__ = ["IndexPlan", "MethodSource", "Progress", "assemble"]

Chunks = Iterable[tuple[NDArray[np.int64], Vectors]]
"""(ids of shape (n,), vectors of shape (n, dim)), by rising image id."""


@dataclass(frozen=True, slots=True)
class MethodSource:
    """One method's rows, to be read once."""

    method: Method
    version: str
    chunks: Chunks


def assemble(
    folder: Path, sources: Iterable[MethodSource], plan: IndexPlan, excluded: NDArray[np.int64], progress: Progress
) -> Manifest:
    """Write a generation's files into an empty folder, and return their manifest.

    Parameters
    ----------
    folder : empty, read by nobody yet
    sources : one per method; each is read to its end before the next
    plan : how
    excluded : ndarray of image ids to leave out
    progress : called at every step

    Raises
    ------
    DimensionMismatchError : rows of one method differ in length or type
    OSError : the disk is full, or a file cannot be written
    """
    found: dict[str, tuple[MethodSource, NDArray[np.int64], MethodFiles]] = {}
    for source in sources:
        ids, files = _stream(folder, source, excluded, partial(progress, share=0.0))
        if files is not None:
            found[source.method.name] = source, ids, files
    # Known only when every method was read: until then each has rows of its own, put in line afterwards.
    all_ids = np.unique(np.concatenate([np.empty(0, np.int64), *(ids for _, ids, _ in found.values())]))
    np.save(folder / "image_ids.npy", all_ids)
    methods = {}
    for step, (name, (source, ids, files)) in enumerate(found.items()):
        share = 0.3 + 0.5 * step / len(found)
        places = Places(len(all_ids), np.searchsorted(all_ids, ids))
        methods[name] = make_searchable(folder, source.method, files, places, plan, progress, share)
    # After all of them, since copies are told by several methods, and scans go over the reduced rows.
    calibrate(folder, all_ids, {name: source.method for name, (source, _, _) in found.items()}, methods, plan, progress)
    progress("checksums", 0.9)
    # Whatever lies there, so that no file can be forgotten: what is not in the manifest is not verified.
    names = sorted(path.name for path in folder.iterdir())
    manifest = Manifest(
        generation=plan.generation,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        revision=plan.revision,
        num_images=len(all_ids),
        seed=plan.seed,
        backend=plan.backend.name,
        methods=methods,
        files=sum_files(folder, names),
        libraries=_libraries(plan.backend),
    )
    write_manifest(folder, manifest)
    return manifest


def _stream(
    folder: Path, source: MethodSource, excluded: NDArray[np.int64], observer: Callable[[str], None]
) -> tuple[NDArray[np.int64], MethodFiles | None]:
    """Write a method's rows as they come; return their image ids and what was written, None when there are none."""
    method, name = source.method, source.method.name
    ids: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    vectors = proxies = None
    with ExitStack() as stack:
        for chunk_ids, chunk in source.chunks:
            kept = ~np.isin(chunk_ids, excluded)
            if not kept.any():
                continue
            rows = chunk[kept]
            ids.append(chunk_ids[kept])
            if vectors is None:
                writer = MatrixWriter(folder / f"{name}.vectors.npy", rows.shape[1], rows.dtype)
                vectors = stack.enter_context(writer)
            vectors.append(rows)
            if isinstance(method, PairwiseMethod):
                derived = method.proxy(rows)
                if proxies is None:
                    # Proxies, under the name that files have had since version 0.1.
                    writer = MatrixWriter(folder / f"{name}.stand_in.npy", derived.shape[1], np.float32)
                    proxies = stack.enter_context(writer)
                proxies.append(derived)
            observer(f"{name}: {vectors.num_rows} rows")
    if vectors is None:
        return ids[0], None
    stand_in_dim = proxies.dim if proxies else 0
    return np.concatenate(ids), MethodFiles(
        source.version, vectors.dim, vectors.dtype.name, vectors.num_rows, stand_in_dim
    )


def _libraries(backend: type[IndexBackend]) -> dict[str, str]:
    used = ["numpy", backend.library] if backend.library else ["numpy"]
    return {name: library_version(name) for name in used}
