"""The only reader and writer of Feature rows: what is wanted, who works on it, and the vectors that came of it.

A row goes pending -> leased (for a while, by one worker) -> ready, or failed with a reason. Where the original cannot
be opened it is neither: the row waits, and is tried again for as long as it takes. Nothing is decided by the queue:
whoever asks for a lease gets whatever is wanted most.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from gallery.models import Image
from search.exceptions import DimensionMismatchError
from search.methods import METHODS, DerivedMethod, Method, load_method
from search.models import Feature, Revision, WorkState
from search.types import Vectors

REASON_LENGTH = 300
ORIGINAL_UNAVAILABLE = "original_unavailable"
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=15)
"""How long an image is left alone whose original cannot be opened: as long as it was wanted in vain, within these."""
NOT_READY = tuple(state for state in WorkState if state != WorkState.READY)
WORKER_VARIABLE = "LIKENESS_WORKER"
"""Environment variable in which the supervisor names the place of a worker, the same for its successor."""


@dataclass(frozen=True)
class Lease:
    """Work that one worker holds until its time is over."""

    token: uuid.UUID
    images: dict[int, list[str]] = field(default_factory=dict)  # image id -> methods wanted

    def __bool__(self) -> bool:
        return bool(self.images)


# What is wanted


@lru_cache(maxsize=1)
def methods() -> dict[str, Method]:
    """Return every registered method, made once per process; nothing heavy is loaded before it is used."""
    made = {name: load_method(name, settings.SEARCH_METHOD_OPTIONS.get(name)) for name in METHODS}
    for method in made.values():
        if isinstance(method, DerivedMethod):
            method.origin = made.get(method.source)
    return made


def current_versions() -> dict[str, str]:
    """Return the version of each method that this machine can compute."""
    return {name: method.version for name, method in methods().items() if method.unavailable() is None}


def unavailable_methods() -> dict[str, str]:
    """Return why each of the other methods cannot be computed here."""
    return {name: sentence for name, method in methods().items() if (sentence := method.unavailable()) is not None}


def of_versions(versions: Mapping[str, str]) -> QuerySet[Feature]:
    """Select the rows of these methods at these versions."""
    return Feature.objects.filter(_current(versions))


def _current(versions: Mapping[str, str]) -> Q:
    """Select the rows of these methods at these versions."""
    wanted = Q(pk__in=[])
    for method, version in versions.items():
        wanted |= Q(method=method, version=version)
    return wanted


def ensure_rows(image_ids: Iterable[int] | None = None) -> int:
    """Make the rows that are missing for these images, or for every shown image, and return how many were."""
    num_made = 0
    ids = None if image_ids is None else list(image_ids)
    for method, version in current_versions().items():
        present = Feature.objects.filter(image=OuterRef("pk"), method=method, version=version)
        ready = Image.objects.filter(status=Image.Status.READY)
        images = Image.objects.shown() if ids is None else ready.filter(pk__in=ids)
        missing = images.filter(~Exists(present)).order_by("pk").values_list("pk", flat=True)
        while chunk := list(missing[:1000]):
            rows = [Feature(image_id=image_id, method=method, version=version) for image_id in chunk]
            Feature.objects.bulk_create(rows, ignore_conflicts=True)
            num_made += len(rows)
    return num_made


def retry_failed(image_ids: Iterable[int] | None = None) -> int:
    """Want what failed, or waits for its original, once more and now; returns the number of rows."""
    states = (WorkState.FAILED, WorkState.LEASED)
    tried = Q(state=WorkState.FAILED) | for_original()
    rows = Feature.objects.filter(_current(current_versions()), tried, state__in=states)
    return _want(rows if image_ids is None else rows.filter(image__in=list(image_ids)))


def recompute(image_ids: Iterable[int]) -> int:
    """Want these images' features anew, whatever their state; returns the number of rows."""
    ids = list(image_ids)
    ensure_rows(ids)
    return _want(Feature.objects.filter(_current(current_versions()), image__in=ids))


def _want(rows: QuerySet[Feature]) -> int:
    return rows.update(
        state=WorkState.PENDING, reason="", attempts=0, lease=None, leased_until=None, updated_at=timezone.now()
    )


def drop_outdated(versions: Mapping[str, str], limit: int = 2000) -> int:
    """Delete rows of other versions of these methods, a limited number at a time."""
    old = Q(pk__in=[])
    for method, version in versions.items():
        old |= Q(method=method) & ~Q(version=version)
    ids = list(Feature.objects.filter(old).values_list("pk", flat=True)[:limit])
    return Feature.objects.filter(pk__in=ids).delete()[0]


# Who works on it


def _worker_place() -> bytes:
    """Return eight bytes that name this worker's place: its successor after a crash has the same."""
    place = os.environ.get(WORKER_VARIABLE) or f"{socket.gethostname()}:{os.getpid()}"
    return sha256(place.encode()).digest()[:8]


def lease(limit: int, image_ids: Iterable[int] = ()) -> Lease:
    """Take up to `limit` images: those asked for first, then whatever has waited longest.

    An image that was held by a worker which died is taken alone, so that it cannot take others with it again.
    """
    with transaction.atomic():
        versions = current_versions()
        chosen = _choose(versions, limit, image_ids)
        rows = Feature.objects.filter(_current(versions), _free(), image__in=chosen)
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True)
        found = list(rows.order_by("image_id", "id").values_list("pk", "image_id", "method"))
        held = Lease(uuid.UUID(bytes=_worker_place() + os.urandom(8)))
        Feature.objects.filter(pk__in=[pk for pk, _, _ in found]).update(
            state=WorkState.LEASED, lease=held.token, leased_until=_lease_end(), attempts=F("attempts") + 1
        )
    for _, image_id, method in found:
        held.images.setdefault(image_id, []).append(method)
    return held


def _choose(versions: Mapping[str, str], limit: int, image_ids: Iterable[int]) -> list[int]:
    """Return the images to lease: fresh ones together, or else one that was tried before."""
    asked = list(image_ids)
    fresh: list[int] = []
    if asked:
        fresh = sorted(set(_waiting(versions, Q(state=WorkState.PENDING, attempts=0, image__in=asked), limit)))[:limit]
    if len(fresh) < limit:
        oldest = sorted(set(_waiting(versions, Q(state=WorkState.PENDING, attempts=0), limit)))
        fresh = list(dict.fromkeys(fresh + oldest))[:limit]
    if not fresh:
        return sorted(_waiting(versions, _free(), 1))[:1]
    tried = Feature.objects.filter(_current(versions), _free(), image__in=fresh, attempts__gt=0)
    suspects = set(tried.values_list("image_id", flat=True))
    return [image_id for image_id in fresh if image_id not in suspects] or fresh[:1]


def _free() -> Q:
    """Select rows that may be leased, their states first: few rows of the index are in any of the two."""
    expired = Q(state=WorkState.LEASED, leased_until__lt=timezone.now())
    either = Q(state=WorkState.PENDING) | expired
    return Q(state__in=[WorkState.PENDING, WorkState.LEASED]) & either & Q(attempts__lt=settings.ENV.max_attempts)


def _waiting(versions: Mapping[str, str], condition: Q, limit: int) -> list[int]:
    """Return the lowest image ids of each method that meet the condition; one query a method keeps to the index."""
    found: list[int] = []
    for method, version in versions.items():
        rows = Feature.objects.filter(condition, method=method, version=version).order_by("image_id")
        found += rows.values_list("image_id", flat=True)[:limit]
    return found


def _lease_end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.ENV.lease_seconds)


def extend(held: Lease) -> None:
    """Hold the work longer, while it goes on."""
    Feature.objects.filter(lease=held.token, state=WorkState.LEASED).update(leased_until=_lease_end())


def release(held: Lease) -> int:
    """Give back what was neither stored nor failed."""
    rows = Feature.objects.filter(lease=held.token, state=WorkState.LEASED)
    return rows.update(state=WorkState.PENDING, lease=None, leased_until=None)


def put_off(held: Lease, image_id: int) -> int:
    """Give back an image whose original cannot be opened, until later; this was no try of its features.

    The rows keep the state of held ones, in nobody's hands: whoever frees what was held too long frees them.
    """
    rows = Feature.objects.filter(lease=held.token, image=image_id, state=WorkState.LEASED)
    since, now = rows.aggregate(since=Max("updated_at"))["since"], timezone.now()
    pause = min(max(now - (since or now), FIRST_PAUSE), LONGEST_PAUSE)
    return rows.update(
        reason=ORIGINAL_UNAVAILABLE, lease=None, leased_until=now + pause, attempts=F("attempts") - 1
    )  # when it was wanted, `updated_at`, stays: by it the pause grows


def for_original() -> Q:
    """Select the rows that wait, in nobody's hands, until their original is tried again."""
    return Q(state=WorkState.LEASED, lease=None, leased_until__isnull=False, reason=ORIGINAL_UNAVAILABLE)


def reclaim() -> int:
    """Free at once what a dead predecessor in this worker's place still holds."""
    first = int.from_bytes(_worker_place() + bytes(8), "big")
    tokens = (uuid.UUID(int=first), uuid.UUID(int=first + 2**64 - 1))
    long_ago = timezone.now() - timedelta(seconds=1)
    num_held = Feature.objects.filter(state=WorkState.LEASED, lease__range=tokens).update(leased_until=long_ago)
    expire_leases()
    return num_held


def expire_leases() -> int:
    """Free what was held too long; what was tried too often fails. Returns the number of rows touched."""
    expired = Feature.objects.filter(state=WorkState.LEASED, leased_until__lt=timezone.now())
    num_failed = expired.filter(attempts__gte=settings.ENV.max_attempts).update(
        state=WorkState.FAILED, reason="internal_retry_exhausted", lease=None, leased_until=None
    )
    return num_failed + expired.update(state=WorkState.PENDING, lease=None, leased_until=None)


# What came of it


def store(held: Lease, results: Mapping[str, tuple[Sequence[int], Vectors]]) -> int:
    """Keep vectors, in one transaction that raises the revision; rows no longer held are left alone.

    Raises
    ------
    DimensionMismatchError : vectors are not what their method promises; nothing is kept
    """
    blobs: dict[tuple[int, str], bytes] = {}
    for method, (image_ids, vectors) in results.items():
        _check_vectors(method, image_ids, vectors)
        blobs |= {
            (int(i), method): np.ascontiguousarray(row).tobytes() for i, row in zip(image_ids, vectors, strict=True)
        }
    with transaction.atomic():
        mine = Feature.objects.filter(lease=held.token, state=WorkState.LEASED, method__in=list(results))
        if connection.features.has_select_for_update:
            mine = mine.select_for_update()
        rows = [row for row in mine.defer("vector") if (row.image_id, row.method) in blobs]
        if not rows:
            return 0
        number, now = bump_revision(), timezone.now()
        for row in rows:
            row.state, row.reason, row.lease, row.leased_until = WorkState.READY, "", None, None
            row.revision, row.updated_at, row.vector = number, now, blobs[row.image_id, row.method]
        Feature.objects.bulk_create(  # an upsert: one statement, where bulk_update would build a long CASE per field
            [_copy(row) for row in rows],
            update_conflicts=True,
            unique_fields=["image", "method", "version"],
            update_fields=["state", "reason", "lease", "leased_until", "revision", "updated_at", "vector"],
        )
    return len(rows)


def _copy(row: Feature) -> Feature:
    """Return the row without its key, as an upsert wants it."""
    names = ("image_id", "method", "version", "state", "revision", "updated_at", "attempts", "vector")
    return Feature(**{name: getattr(row, name) for name in names})


def _check_vectors(name: str, image_ids: Sequence[int], vectors: Vectors) -> None:
    method = methods()[name]
    expected = (len(image_ids), method.dim)
    if vectors.shape != expected or vectors.dtype != method.dtype:
        wanted = f"{expected}, {np.dtype(method.dtype)}"
        raise DimensionMismatchError(f"{name}: expected vectors {wanted}; got {vectors.shape}, {vectors.dtype}")
    if not np.isfinite(vectors).all():
        raise DimensionMismatchError(f"{name}: vectors hold numbers that are not finite")


def fail(held: Lease, image_id: int, method: str, reason: str) -> int:
    """Mark a feature as failed for good: another try would end the same way."""
    rows = Feature.objects.filter(lease=held.token, image=image_id, method=method)
    return rows.update(
        state=WorkState.FAILED, reason=reason[:REASON_LENGTH], lease=None, leased_until=None, updated_at=timezone.now()
    )


# What is known


def revision() -> int:
    """Return the number of the last change of what can be found."""
    return Revision.objects.filter(pk=1).values_list("number", flat=True).first() or 0


def bump_revision() -> int:
    """Raise the revision within the caller's transaction, whose commit publishes it, and return it."""
    with transaction.atomic():
        if not Revision.objects.filter(pk=1).update(number=F("number") + 1):
            Revision.objects.get_or_create(pk=1)
            Revision.objects.filter(pk=1).update(number=F("number") + 1)
        return revision()


def newer_than(revision: int) -> Q:
    """Select the rows that became ready after a revision.

    Few of many are, which the database does not know: by number, so that it begins with them.
    """
    return Q(pk__in=Feature.objects.filter(revision__gt=revision).order_by().values("pk"))


def touch(image_ids: Iterable[int]) -> int:
    """Make these images' features new again, for readers that go by the revision; returns the revision."""
    with transaction.atomic():
        number = bump_revision()
        Feature.objects.filter(image__in=list(image_ids), state=WorkState.READY).update(revision=number)
    return number


def iter_ready(
    method: str,
    version: str,
    chunk: int = 2048,
    after_revision: int | None = None,
    image_ids: Iterable[int] | None = None,
) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
    """Yield (ids of shape (n,), vectors of shape (n, dim)) of shown images, by rising image id, in bounded memory."""
    rows = Feature.objects.filter(method=method, version=version, state=WorkState.READY)
    rows = rows.filter(image__hidden=False, image__trashed_at=None, image__status=Image.Status.READY)
    if after_revision is not None:
        rows = rows.filter(newer_than(after_revision))
    if image_ids is not None:
        rows = rows.filter(image__in=list(image_ids))
    last = -1
    while found := list(rows.filter(image_id__gt=last).order_by("image_id").values_list("image_id", "vector")[:chunk]):
        last = found[-1][0]
        yield np.array([image_id for image_id, _ in found], np.int64), _matrix(method, [blob for _, blob in found])


def _matrix(method: str, blobs: Sequence[Any]) -> Vectors:
    """Return the rows as one array of the method's type."""
    lengths = {len(blob) for blob in blobs}
    if len(lengths) != 1:
        raise DimensionMismatchError(
            f"{method}: stored vectors of one version differ in length: {sorted(lengths)} bytes"
        )
    flat = np.frombuffer(b"".join(bytes(blob) for blob in blobs), dtype=methods()[method].dtype)
    matrix: Vectors = flat.reshape(len(blobs), -1)
    return matrix


def vectors_of(image_id: int, versions: Mapping[str, str] | None = None) -> dict[str, NDArray[Any]]:
    """Return the ready vectors of one image, one row of shape (dim,) per method, at these or the current versions."""
    return vectors_of_images([image_id], versions).get(image_id, {})


def vectors_of_images(
    image_ids: Iterable[int], versions: Mapping[str, str] | None = None
) -> dict[int, dict[str, NDArray[Any]]]:
    """Return the ready vectors of each image that has any, hidden ones too; see `vectors_of`. One query."""
    wanted = current_versions() if versions is None else versions
    rows = of_versions(wanted).filter(image__in=list(image_ids), state=WorkState.READY)
    found: dict[int, dict[str, NDArray[Any]]] = {}
    for image_id, method, blob in rows.values_list("image_id", "method", "vector"):
        found.setdefault(image_id, {})[method] = _matrix(method, [blob])[0]
    return found


def counts(*states: WorkState) -> dict[str, dict[str, int]]:
    """Return how many rows of each method, at its current version, are in each of these states, or in any. One query.

    Few rows are anything but ready: asking for the states that matter spares counting all the others.
    """
    versions = current_versions()
    found = {method: dict.fromkeys(states or WorkState.values, 0) for method in versions}
    # Also pairs of method and version that are not current: ranges of the index, where an OR of pairs is not.
    rows = Feature.objects.filter(method__in=versions, version__in=versions.values())
    if states:
        rows = rows.filter(state__in=states)
    for method, version, state, number in (
        rows.values_list("method", "version", "state").annotate(Count("pk")).order_by()
    ):
        if version == versions[method]:
            found[method][state] = number
    return found


def counts_among(images: QuerySet[Image, Any]) -> dict[str, dict[str, int]]:
    """Return what `counts` does of these images' rows alone. Two queries.

    One index tells whose rows there are, another which are not ready; to read the rows themselves takes far longer.
    """
    versions = current_versions()
    found = {method: dict.fromkeys(WorkState.values, 0) for method in versions}
    rows = Feature.objects.filter(image__in=images).order_by()
    for method, version, number in rows.values_list("method", "version").annotate(Count("pk")):
        if versions.get(method) == version:
            found[method][WorkState.READY] = number
    others = rows.filter(method__in=versions, version__in=versions.values(), state__in=NOT_READY)
    for method, version, state, number in others.values_list("method", "version", "state").annotate(Count("pk")):
        if versions[method] == version:
            found[method][state] = number
            found[method][WorkState.READY] -= number
    return found


def num_pending() -> int:
    """Return how many rows nobody works on yet. One query."""
    return _total(WorkState.PENDING)


def num_waiting() -> int:
    """Return how many rows are neither ready nor failed, nor wait for their originals. Two queries."""
    absent = Feature.objects.filter(for_original(), _current(current_versions())).count()
    return max(0, _total(WorkState.PENDING, WorkState.LEASED) - absent)


def _total(*states: WorkState) -> int:
    return sum(number for numbers in counts(*states).values() for number in numbers.values())


def pack_query(vectors: Mapping[str, NDArray[Any]]) -> bytes:
    """Return one row per method, named with the method's present version, as bytes for the database."""
    versions = current_versions()
    buffer = BytesIO()
    np.savez(buffer, allow_pickle=False, **{f"{name}@{versions.get(name, '')}": row for name, row in vectors.items()})
    return buffer.getvalue()


def unpack_query(blob: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Return what `pack_query` packed: one row and its version per method."""
    found: dict[str, NDArray[Any]] = {}
    versions: dict[str, str] = {}
    with np.load(BytesIO(bytes(blob)), allow_pickle=False) as packed:
        for key in packed.files:
            name, _mark, version = key.rpartition("@")
            found[name], versions[name] = packed[key], version
    return found, versions
