"""Where images become vectors: decoded once in the decoder's child, described by every method in batches."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gallery.decoding import Refused, get_decoder
from gallery.models import Image
from gallery.storage import originals, uploaded_queries
from jobs.guard import Failure, guarded
from search.exceptions import QueryError, QueryFileError, SearchError
from search.features import derivation, leases, registry, stored_vectors
from search.features.derivation import Rows, describe_by, describe_images
from search.features.leases import Lease
from search.features.registry import methods
from search.models import Query
from search.types import RGBImage, Vectors

__all__ = [
    "ANALYSIS_SIDE",
    "Description",
    "describe_file",
    "describe_images",
    "describe_query",
    "extract",
    "methods",
    "warm_up",
]

ANALYSIS_SIDE = 512
"""Longest side, in pixels, of the images that methods see."""
PART_SIDE = 2048
"""Longest side, in pixels, of an image whose part is described."""
logger = logging.getLogger(__name__)


def warm_up() -> None:
    """Load every method that can be used here, so that the first image does not wait for it."""
    blank = np.zeros((ANALYSIS_SIDE, ANALYSIS_SIDE, 3), np.uint8)
    for name in registry.current_versions():
        # Nothing passes, not even a lack of memory: a worker without one method is better than no worker.
        found = guarded(partial(_try_out, name, blank), name, passing=())
        if isinstance(found, Failure):
            logger.error("%s cannot be used; its features will fail until this is repaired: %s", name, found)


def _try_out(name: str, image: RGBImage) -> None:
    methods()[name].warm_up()
    # Loaded is not warm: networks compile, and libraries are imported, in the first call.
    methods()[name].describe([image])


@dataclass(frozen=True, slots=True)
class Description:
    """What is known of one image that is searched by.

    Attributes
    ----------
    vectors : by method, one row of shape (dim,)
    failures : why methods that are available here gave none, each once; empty when all did
    """

    vectors: dict[str, NDArray[Any]]
    failures: Sequence[Failure] = ()

    @property
    def reason(self) -> QueryError | None:
        """The failures as one error."""
        if not self.failures:
            return None
        return QueryError("methods_failed", errors=[[failure.code, failure.params] for failure in self.failures])


def describe_file(path: Path) -> Description:
    """Describe one image file by every method available here; a method that fails does not stop the others.

    Raises
    ------
    gallery.decoding.Refused, OSError : the file cannot be decoded, or not be opened
    Exception : what the first method raised, where every one of them failed
    """
    return _describe_pixels(get_decoder().pixels(path, ANALYSIS_SIDE), path.name)


def _describe_pixels(pixels: RGBImage, file_name: str) -> Description:
    found: dict[str, Vectors] = {}
    failures: list[Failure] = []
    for name in registry.current_versions():
        described = guarded(partial(describe_by, methods()[name], [pixels], found), passing=())
        if isinstance(described, Failure):
            logger.warning("%s: %s failed: %s", file_name, name, described)
            failures += [] if described in failures else [described]  # what builds on another fails as that does
        else:
            found[name] = described
    # Not one method answers: that is no partial description but a fault of this file or this machine.
    if not found and failures and failures[0].error:
        raise failures[0].error
    return Description({name: vectors[0] for name, vectors in found.items()}, failures)


def describe_query(query: Query) -> Description:
    """Describe an uploaded query image, or a part of an image.

    What the gallery already knows of the same bytes is not computed again.

    Raises
    ------
    QueryFileError : the file cannot be opened now
    gallery.decoding.Refused : the file cannot be decoded
    """
    if query.box:
        return _describe_pixels(_part_of_image(query), query.pk.hex)
    twin = Image.objects.shown().filter(sha256=query.sha256).values_list("pk", flat=True).first()
    known = stored_vectors.vectors_of(twin) if twin else {}
    # All or nothing: for a single method that lacks a row the pixels have to be decoded anyway.
    if known.keys() >= registry.current_versions().keys():
        return Description(known)
    try:
        with uploaded_queries.local_file(query.pk) as path:
            pixels = get_decoder().pixels(path, ANALYSIS_SIDE)
    except OSError as error:
        raise QueryFileError("upload_unavailable") from error
    return _describe_pixels(pixels, query.pk.hex)


def _part_of_image(query: Query) -> RGBImage:
    """Return the part of an image that a query names, of the size that methods see; see `describe_query`."""
    left, top, width, height = map(float, query.box.split(","))
    # The whole is decoded as large as the part would need it, within bounds: a part is no smaller than a whole then.
    side = min(PART_SIDE, round(ANALYSIS_SIDE / max(width, height)))
    try:
        with _whole_of(query) as path:
            pixels = get_decoder().pixels(path, side)
    except OSError as error:
        raise QueryFileError("upload_unavailable") from error
    num_rows, num_columns = pixels.shape[:2]
    first_row, first_column = int(top * num_rows), int(left * num_columns)
    last_row = max(first_row + 1, round((top + height) * num_rows))
    last_column = max(first_column + 1, round((left + width) * num_columns))
    return np.ascontiguousarray(pixels[first_row:last_row, first_column:last_column])


def _whole_of(query: Query) -> AbstractContextManager[Path]:
    """Lend a path of the bytes that a query is a part of: the gallery's, or those of an upload."""
    if Image.objects.filter(sha256=query.sha256).exists():
        return originals.local_file(query.sha256)
    uploads = Query.objects.filter(sha256=query.sha256, box="").values_list("pk", flat=True)
    kept = next((each for each in uploads if uploaded_queries.is_kept(each)), None)
    if kept is None:
        raise QueryFileError("upload_unavailable")
    return uploaded_queries.local_file(kept)


def extract(held: Lease) -> int:
    """Compute and keep what the lease asks for; images that cannot be described fail alone.

    Returns the number of features kept. What is neither kept nor failed, because this was interrupted, is given back.
    """
    try:
        stored = derivation.stored_sources(held)
        pixels = _decode(held, derivation.need_pixels(held, stored))
        results: dict[str, Rows] = {}
        # In the order of the registry: what a source says now is there for what is derived from it.
        for name, method in methods().items():
            wanted = [image_id for image_id, names in held.images.items() if name in names]
            if wanted:
                sources = (stored.get(name), results.get(getattr(method, "source", "")))
                kept, vectors = _describe(held, name, wanted, sources, pixels)
                results |= {name: (kept, vectors)} if kept else {}
                # After each method, as a batch by all of them can take longer than a lease lasts.
                leases.extend(held)
        # All methods at once: the revision, by which every reader looks for news, moves once a batch.
        return leases.store(held, results)
    finally:
        leases.release(held)


def _decode(held: Lease, image_ids: Sequence[int]) -> dict[int, RGBImage]:
    """Decode those of the lease's images; those whose originals cannot be opened are put off."""
    hashes = dict(Image.objects.filter(pk__in=image_ids).values_list("pk", "sha256"))
    pixels: dict[int, RGBImage] = {}
    absent: dict[int, str] = {}
    for image_id, digest in hashes.items():
        try:
            with originals.local_file(digest) as path:
                pixels[image_id] = get_decoder().pixels(path, ANALYSIS_SIDE)
        # For good and for every method: the decoder would refuse the same bytes again.
        except Refused as refusal:
            for name in held.images[image_id]:
                leases.fail(held, image_id, name, refusal.reason)
        except OSError as error:
            # Away is not wrong: a disk that is not mounted for an hour must not cost a library its features.
            absent[image_id] = str(error)
            leases.put_off(held, image_id)
    if absent:
        example = next(iter(absent.values()))
        logger.warning("%d originals cannot be opened now and are tried again later: %s", len(absent), example)
    return pixels


def _describe(
    held: Lease, name: str, wanted: list[int], sources: Iterable[Rows | None], pixels: Mapping[int, RGBImage]
) -> Rows:
    """Describe a batch by one method: from its source's rows where there are any, else from the pixels."""
    try:
        derived, rows = derivation.derive(methods()[name], wanted, sources)
    except SearchError as error:
        _give_up(held, wanted, name, error.code, error.params)
        return [], np.empty((0, 0), np.float32)
    # Sorted, as the order of a set is another in every process: the same batch gives the same rows.
    remaining = sorted(pixels.keys() & set(wanted) - set(derived))
    parts = [(derived, rows)]
    if remaining:
        parts.append(_describe_apart(held, name, remaining, pixels))
    return _joined(parts)


def _describe_apart(held: Lease, name: str, image_ids: list[int], pixels: Mapping[int, RGBImage]) -> Rows:
    """Describe a batch by one method; when that fails, halve it until the image that spoils it stands alone."""
    described = guarded(lambda: methods()[name].describe([pixels[image_id] for image_id in image_ids]), passing=())
    if not isinstance(described, Failure):
        return image_ids, described
    if len(image_ids) == 1:
        logger.warning("image %d: %s failed: %s", image_ids[0], name, described)
        _give_up(held, image_ids, name, described.code, described.params)
        return [], np.empty((0, 0), np.float32)
    middle = len(image_ids) // 2
    return _joined([_describe_apart(held, name, part, pixels) for part in (image_ids[:middle], image_ids[middle:])])


def _give_up(held: Lease, image_ids: Sequence[int], name: str, code: str, params: Mapping[str, Any]) -> None:
    """Fail a method's rows, unless it was not the images but the method that went away, with its weights file."""
    if methods()[name].unavailable() is not None:
        # Nobody leases rows of a method that is not available; they go on by themselves when it is again.
        leases.give_back(held, image_ids, name)
        return
    for image_id in image_ids:
        leases.fail(held, image_id, name, code, params)


def _joined(parts: Iterable[Rows]) -> Rows:
    filled = [part for part in parts if part[0]]
    if not filled:
        return [], np.empty((0, 0), np.float32)
    return [image_id for ids, _rows in filled for image_id in ids], np.concatenate([rows for _ids, rows in filled])
