"""Vectors as they are stored: read as matrices, by method and version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gallery.models import Image
from jobs.rows import JobState
from search.exceptions import DimensionMismatchError
from search.features import registry, revisions
from search.models import Feature
from search.types import Vectors


def iter_ready(
    method: str,
    version: str,
    chunk: int = 2048,
    after_revision: int | None = None,
    image_ids: Iterable[int] | None = None,
) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
    """Yield (ids of shape (n,), vectors of shape (n, dim)) of shown images, by rising image id, in bounded memory."""
    rows = Feature.objects.filter(method=method, version=version, state=JobState.READY)
    rows = rows.filter(image__hidden=False, image__trashed_at=None, image__status=Image.Status.READY)
    if after_revision is not None:
        rows = rows.filter(revisions.newer_than(after_revision))
    if image_ids is not None:
        rows = rows.filter(image__in=list(image_ids))
    last = -1
    # By key rather than by offset: rows that come and go meanwhile shift nothing, and each chunk is found by the index.
    while found := list(rows.filter(image_id__gt=last).order_by("image_id").values_list("image_id", "vector")[:chunk]):
        last = found[-1][0]
        yield np.array([image_id for image_id, _ in found], np.int64), _matrix(method, [blob for _, blob in found])


def _matrix(method: str, blobs: Sequence[Any]) -> Vectors:
    """Return the rows as one array of the method's type."""
    lengths = {len(blob) for blob in blobs}
    if len(lengths) != 1:
        raise DimensionMismatchError("stored_vectors_differ", method=method, lengths=sorted(lengths))
    flat = np.frombuffer(b"".join(bytes(blob) for blob in blobs), dtype=registry.methods()[method].dtype)
    matrix: Vectors = flat.reshape(len(blobs), -1)
    return matrix


def vectors_of(image_id: int, versions: Mapping[str, str] | None = None) -> dict[str, NDArray[Any]]:
    """Return the ready vectors of one image, one row of shape (dim,) per method, at these or the current versions."""
    return vectors_of_images([image_id], versions).get(image_id, {})


def vectors_of_images(
    image_ids: Iterable[int], versions: Mapping[str, str] | None = None
) -> dict[int, dict[str, NDArray[Any]]]:
    """Return the ready vectors of each image that has any, hidden ones too; see `vectors_of`. One query."""
    wanted = registry.current_versions() if versions is None else versions
    rows = registry.of_versions(wanted).filter(image__in=list(image_ids), state=JobState.READY)
    found: dict[int, dict[str, NDArray[Any]]] = {}
    for image_id, method, blob in rows.values_list("image_id", "method", "vector"):
        found.setdefault(image_id, {})[method] = _matrix(method, [blob])[0]
    return found


def pack_query(vectors: Mapping[str, NDArray[Any]]) -> bytes:
    """Return one row per method, named with the method's present version, as bytes for the database."""
    versions = registry.current_versions()
    buffer = BytesIO()
    # The version goes with the row: a query outlives an update of the program.
    np.savez(buffer, allow_pickle=False, **{f"{name}@{versions.get(name, '')}": row for name, row in vectors.items()})
    return buffer.getvalue()


def unpack_query(blob: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Return what `pack_query` packed: one row and its version per method."""
    found: dict[str, NDArray[Any]] = {}
    versions: dict[str, str] = {}
    with np.load(BytesIO(bytes(blob)), allow_pickle=False) as packed:
        for key in packed.files:
            # Split at the last mark, for a name could hold one; versions do not.
            name, _mark, version = key.rpartition("@")
            found[name], versions[name] = packed[key], version
    return found, versions
