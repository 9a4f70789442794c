"""Where the comparison of a pair stands: wanted, in a worker's hands, kept or failed; the oldest are forgotten.

The database says what is to be computed; jobs are hints. A comparison is of an ordered pair: its maps are drawn on the
first image.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from numpy.typing import NDArray
from PIL import Image as Picture

from gallery.batches import batches
from gallery.models import Image
from gallery.storage import comparison_maps
from review.comparing.closely import ALIGNED, PLAIN, Findings
from review.models import Comparison
from search.models import WorkState
from search.public.features import ORIGINAL_UNAVAILABLE, REASON_LENGTH, current_versions

REVISION = 1
"""Raise it when the numbers of a comparison change although the methods' versions do not."""
KINDS = (PLAIN, ALIGNED)
LATE_AFTER = timedelta(seconds=10)
"""A comparison that still waits after this time has probably lost its job."""
EXHAUSTED = "internal_retry_exhausted"


def recipe() -> str:
    """Name what a comparison computed now rests on: this code and the methods' versions."""
    return _recipe(tuple(sorted(current_versions().items())))


@lru_cache(maxsize=8)
def _recipe(versions: tuple[tuple[str, str], ...]) -> str:
    return f"{REVISION}-{hashlib.sha256(json.dumps(versions).encode()).hexdigest()[:16]}"


def find(first_sha256: str, second_sha256: str) -> Comparison | None:
    """Return the comparison of a pair by the present recipe, whatever its state."""
    return Comparison.objects.filter(first_sha256=first_sha256, second_sha256=second_sha256, recipe=recipe()).first()


def textbook_values_of(one: str, other: str) -> dict[str, float]:
    """Return the pair's values by the textbook definitions, by method, where a comparison found them in any order."""
    pair = (one, other)
    found = Comparison.objects.filter(
        first_sha256__in=pair, second_sha256__in=pair, recipe=recipe(), state=WorkState.READY
    ).first()
    return dict(found.document.get("guides", {})) if found else {}


def want(first_sha256: str, second_sha256: str) -> tuple[Comparison, bool]:
    """Return the comparison of a pair, and whether it is to be computed from now on.

    One that was kept and whose maps are gone from the disk is computed again.
    """
    row, is_new = Comparison.objects.get_or_create(
        first_sha256=first_sha256, second_sha256=second_sha256, recipe=recipe()
    )
    if row.state == WorkState.READY and not all(comparison_maps.has_map(row.pk, kind) for kind in kinds_of(row)):
        return row, again(row)
    return row, is_new


def again(row: Comparison) -> bool:
    """Have a comparison that is kept or failed computed again; False when it is being computed already."""
    settled = Comparison.objects.filter(pk=row.pk, state__in=(WorkState.READY, WorkState.FAILED))
    fresh = {"state": WorkState.PENDING, "reason": "", "attempts": 0, "leased_until": None}
    if not settled.update(**fresh, created_at=timezone.now()):
        return False
    row.refresh_from_db()
    return True


def kinds_of(row: Comparison) -> list[str]:
    """Return the kinds of maps that a comparison has."""
    return [kind for kind in KINDS if kind in row.document.get("differences", {})]


def take(pk: int) -> Comparison | None:
    """Take a comparison into a worker's hands; None when it is done, in other hands, or was tried too often."""
    now = timezone.now()
    free = Q(state=WorkState.PENDING) | Q(state=WorkState.LEASED, leased_until__lt=now)
    rows = Comparison.objects.filter(free, pk=pk, attempts__lt=settings.ENV.max_attempts)
    until = now + timedelta(seconds=settings.ENV.lease_seconds)
    if not rows.update(state=WorkState.LEASED, leased_until=until, attempts=F("attempts") + 1):
        return None
    return Comparison.objects.get(pk=pk)


def keep(row: Comparison, findings: Findings) -> None:
    """Keep what was found; the maps are on the disk before the row says so.

    Raises
    ------
    OSError : a map cannot be written; the row stays as it was
    """
    for kind, pixels in findings.pictures.items():
        comparison_maps.write_map(row.pk, kind, _encoded(pixels))
    kept = Comparison.objects.filter(pk=row.pk)
    if not kept.update(state=WorkState.READY, document=findings.document, reason="", leased_until=None):
        _discard([row.pk])  # forgotten meanwhile, with one of its images


def fail(row: Comparison, reason: str) -> None:
    """Say why a pair cannot be compared; another try would end the same way."""
    Comparison.objects.filter(pk=row.pk).update(
        state=WorkState.FAILED, reason=reason[:REASON_LENGTH], leased_until=None
    )


def put_off(row: Comparison) -> None:
    """Have a pair tried again soon whose files cannot be opened or written now, or fail it by name after some tries."""
    if row.attempts >= settings.ENV.max_attempts:
        fail(row, ORIGINAL_UNAVAILABLE)
    else:
        held = Comparison.objects.filter(pk=row.pk, state=WorkState.LEASED)
        held.update(reason=ORIGINAL_UNAVAILABLE, leased_until=timezone.now() + LATE_AFTER)


def give_up_lost() -> int:
    """Fail what was tried too often; returns how many."""
    tired = _lost(timezone.now()).filter(attempts__gte=settings.ENV.max_attempts)
    return tired.update(state=WorkState.FAILED, reason=EXHAUSTED, leased_until=None)


def waiting_late(limit: int = 100) -> list[int]:
    """Return comparisons that nobody works on although they were wanted a while ago, oldest first."""
    return list(_lost(timezone.now()).order_by("created_at").values_list("pk", flat=True)[:limit])


def _lost(now: datetime) -> QuerySet[Comparison]:
    expired = Q(state=WorkState.LEASED, leased_until__lt=now)
    return Comparison.objects.filter(expired | Q(state=WorkState.PENDING, created_at__lt=now - LATE_AFTER))


def forget_oldest() -> int:
    """Forget all but the newest comparisons, as many as the settings allow; returns how many."""
    newest = Comparison.objects.order_by("-created_at", "-pk").values_list("pk", flat=True)
    return _forget(list(newest[settings.ENV.comparisons_kept :]))


def forget_images(hashes: Iterable[str]) -> int:
    """Forget every comparison with one of these images; returns how many."""
    found = set(hashes)
    rows = Comparison.objects.values_list("pk", "first_sha256", "second_sha256")
    return _forget([pk for pk, first, second in rows.iterator() if first in found or second in found])


def forget_removed(sender: object, image_ids: Sequence[int], **kwargs: Any) -> None:
    """Forget what was drawn of images that are hidden or go: a map shows much of the picture it was made from."""
    if Comparison.objects.exists():
        found = (Image.objects.filter(pk__in=part).values_list("sha256", flat=True) for part in batches(image_ids))
        forget_images(sha256 for part in found for sha256 in part)


def _forget(pks: list[int]) -> int:
    """Remove the files first: rows without files are computed again, files without rows would stay for ever."""
    _discard(pks)
    for part in batches(pks):
        Comparison.objects.filter(pk__in=part).delete()
    return len(pks)


def _discard(pks: list[int]) -> None:
    for pk in pks:
        for kind in KINDS:
            comparison_maps.remove_map(pk, kind)


def _encoded(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture with transparency as a WebP file."""
    file = io.BytesIO()
    Picture.fromarray(pixels).save(file, "WEBP", quality=82, method=4)
    return file.getvalue()
