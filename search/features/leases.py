"""Leases on feature rows: held for a while by one worker, stored or failed by it, freed when they run out.

The protocol is that of `jobs`, on many rows at a time. Nothing is decided by the queue: whoever asks for a lease gets
whatever is wanted most.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from jobs.leases import claimable, expired, given_up, lease_end, new_token, tokens_of_place
from jobs.rows import JobState
from search.exceptions import DimensionMismatchError
from search.features import registry, revisions
from search.models import Feature
from search.types import Vectors

ORIGINAL_UNAVAILABLE = "original_unavailable"
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=15)
"""How long an image is left alone whose original cannot be opened: as long as it was wanted in vain, within these."""


@dataclass(frozen=True)
class Lease:
    """Work that one worker holds until its time is over."""

    token: uuid.UUID
    images: dict[int, list[str]] = field(default_factory=dict)  # image id -> methods wanted

    def __bool__(self) -> bool:
        return bool(self.images)


def lease(limit: int, image_ids: Iterable[int] = ()) -> Lease:
    """Take up to `limit` images: those asked for first, then whatever has waited longest.

    An image that was held by a worker which died is taken alone, so that it cannot take others with it again.
    """
    with transaction.atomic():
        versions = registry.current_versions()
        chosen = _choose(versions, limit, image_ids)
        rows = Feature.objects.filter(registry.at_versions(versions), claimable(), image__in=chosen)
        # Two workers may choose the same images: each takes the rows that the other has not locked. On SQLite every
        # transaction begins by taking the one right to write.
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True)
        found = list(rows.order_by("image_id", "id").values_list("pk", "image_id", "method"))
        held = Lease(new_token())
        Feature.objects.filter(pk__in=[pk for pk, _, _ in found]).update(
            state=JobState.RUNNING, lease=held.token, leased_until=lease_end(), attempts=F("attempts") + 1
        )
    for _, image_id, method in found:
        held.images.setdefault(image_id, []).append(method)
    return held


def _choose(versions: Mapping[str, str], limit: int, image_ids: Iterable[int]) -> list[int]:
    """Return the images to lease: fresh ones together, or else one that was tried before."""
    asked = list(image_ids)
    fresh: list[int] = []
    if asked:
        # Ids rise with time: the lowest have waited longest.
        fresh = sorted(set(_waiting(versions, Q(state=JobState.WAITING, attempts=0, image__in=asked), limit)))[:limit]
    if len(fresh) < limit:
        oldest = sorted(set(_waiting(versions, Q(state=JobState.WAITING, attempts=0), limit)))
        fresh = list(dict.fromkeys(fresh + oldest))[:limit]
    if not fresh:
        return sorted(_waiting(versions, claimable(), 1))[:1]
    tried = Feature.objects.filter(registry.at_versions(versions), claimable(), image__in=fresh, attempts__gt=0)
    # New by one method, but tried before by another: it may have ended a worker, and waits for a turn of its own.
    suspects = set(tried.values_list("image_id", flat=True))
    return [image_id for image_id in fresh if image_id not in suspects] or fresh[:1]


def _waiting(versions: Mapping[str, str], condition: Q, limit: int) -> list[int]:
    """Return the lowest image ids of each method that meet the condition; one query a method keeps to the index."""
    found: list[int] = []
    for method, version in versions.items():
        rows = Feature.objects.filter(condition, method=method, version=version).order_by("image_id")
        found += rows.values_list("image_id", flat=True)[:limit]
    return found


def extend(held: Lease) -> None:
    """Hold the work longer, while it goes on."""
    Feature.objects.filter(lease=held.token, state=JobState.RUNNING).update(leased_until=lease_end())


def release(held: Lease) -> int:
    """Give back what was neither stored nor failed; what was tried too often fails."""
    return Feature.objects.filter(lease=held.token, state=JobState.RUNNING).update(**given_up())


def give_back(held: Lease, image_ids: Iterable[int], method: str) -> int:
    """Let a method's rows wait again, which were not tried: it can be used no more, and is wanted once it can."""
    rows = Feature.objects.filter(lease=held.token, image__in=list(image_ids), method=method, state=JobState.RUNNING)
    return rows.update(state=JobState.WAITING, lease=None, leased_until=None, attempts=F("attempts") - 1)


def put_off(held: Lease, image_id: int) -> int:
    """Give back an image whose original cannot be opened, until later; this was no try of its features.

    The rows keep the state of held ones, in nobody's hands: whoever frees what was held too long frees them.
    """
    rows = Feature.objects.filter(lease=held.token, image=image_id, state=JobState.RUNNING)
    since, now = rows.aggregate(since=Max("updated_at"))["since"], timezone.now()
    pause = min(max(now - (since or now), FIRST_PAUSE), LONGEST_PAUSE)
    return rows.update(
        error_code=ORIGINAL_UNAVAILABLE,
        error_params=None,
        lease=None,
        leased_until=now + pause,
        attempts=F("attempts") - 1,
    )  # when it was wanted, `updated_at`, stays: by it the pause grows


def for_original() -> Q:
    """Select the rows that wait, in nobody's hands, until their original is tried again."""
    return Q(state=JobState.RUNNING, lease=None, leased_until__isnull=False, error_code=ORIGINAL_UNAVAILABLE)


def reclaim(*, counts: bool = True) -> int:
    """Free at once what a dead predecessor in this worker's place still holds; see `jobs.job.Kind.reclaim`."""
    held = Feature.objects.filter(state=JobState.RUNNING, lease__range=tokens_of_place())
    attempts = F("attempts") - (0 if counts else 1)
    # A second ago: what ends at this very moment has not ended yet.
    num_held = held.update(leased_until=timezone.now() - timedelta(seconds=1), attempts=attempts)
    expire_leases()
    return num_held


def expire_leases() -> int:
    """Free what was held too long; what was tried too often fails. Returns the number of rows touched."""
    return Feature.objects.filter(expired()).update(**given_up())


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
        mine = Feature.objects.filter(lease=held.token, state=JobState.RUNNING, method__in=list(results))
        if connection.features.has_select_for_update:
            # Until the commit nobody can free them, though their lease may run out meanwhile.
            mine = mine.select_for_update()
        # What was held too long belongs to somebody else, who will keep the same.
        rows = [row for row in mine.defer("vector") if (row.image_id, row.method) in blobs]
        if not rows:
            return 0
        number, now = revisions.bump_revision(), timezone.now()
        for row in rows:
            row.state, row.lease, row.leased_until = JobState.READY, None, None
            row.error_code, row.error_params = "", None
            row.revision, row.updated_at, row.vector = number, now, blobs[row.image_id, row.method]
        Feature.objects.bulk_create(  # an upsert: one statement, where bulk_update would build a long CASE per field
            [_copy(row) for row in rows],
            update_conflicts=True,
            unique_fields=["image", "method", "version"],
            update_fields=[
                *("state", "error_code", "error_params", "lease", "leased_until"),
                *("revision", "updated_at", "vector"),
            ],
        )
    return len(rows)


def _copy(row: Feature) -> Feature:
    """Return the row without its key, as an upsert wants it."""
    names = ("image_id", "method", "version", "state", "revision", "updated_at", "attempts", "vector")
    return Feature(**{name: getattr(row, name) for name in names})


def _check_vectors(name: str, image_ids: Sequence[int], vectors: Vectors) -> None:
    method = registry.methods()[name]
    expected = (len(image_ids), method.dim)
    if vectors.shape != expected or vectors.dtype != method.dtype:
        wanted = f"{expected}, {np.dtype(method.dtype)}"
        got = {"shape": str(vectors.shape), "dtype": vectors.dtype}
        raise DimensionMismatchError("vectors_of_another_kind", method=name, expected=wanted, **got)
    # A single NaN would spread by the dot products of every search.
    if not np.isfinite(vectors).all():
        raise DimensionMismatchError("vectors_not_finite", method=name)


def fail(held: Lease, image_id: int, method: str, code: str, params: Mapping[str, Any] | None = None) -> int:
    """Mark a feature as failed for good: another try would end the same way."""
    rows = Feature.objects.filter(lease=held.token, image=image_id, method=method)
    about = {"error_code": code, "error_params": dict(params) if params else None}
    return rows.update(state=JobState.FAILED, lease=None, leased_until=None, updated_at=timezone.now(), **about)
