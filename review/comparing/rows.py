"""The state of a pair's comparison: waiting, then ready or failed; the oldest are deleted.

A comparison is of an ordered pair: its maps are drawn on the first image.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from django.conf import settings
from django.utils import timezone
from numpy.typing import NDArray
from PIL import Image as Picture

from gallery.batches import batches
from gallery.models import Image
from gallery.storage import comparison_maps
from jobs.progress import JobStoppedError, Progress
from jobs.rows import JobState
from review.comparing.closely import ALIGNED, PLAIN, Findings
from review.models import Comparison
from search.public.features import current_versions

REVISION = 1
"""Raise it when the numbers of a comparison change although the methods' versions do not."""
KINDS = (PLAIN, ALIGNED)


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
        first_sha256__in=pair, second_sha256__in=pair, recipe=recipe(), state=JobState.READY
    ).first()
    return dict(found.document.get("guides", {})) if found else {}


def want(first_sha256: str, second_sha256: str) -> tuple[Comparison, bool]:
    """Return the comparison of a pair, and whether it is to be computed from now on.

    One that was kept and whose maps are gone from the disk is computed again.
    """
    row, is_new = Comparison.objects.get_or_create(
        first_sha256=first_sha256, second_sha256=second_sha256, recipe=recipe()
    )
    # A backup may hold the row without its maps, which are left out of backups.
    if row.state == JobState.READY and not all(comparison_maps.has_map(row.pk, kind) for kind in kinds_of(row)):
        return row, _renew(row)
    return row, is_new


def _renew(row: Comparison) -> bool:
    """Let one that was kept wait again; False when it does so already."""
    now = timezone.now()
    fresh = {"state": JobState.WAITING, "attempts": 0, "created_at": now, "heartbeat_at": now, "finished_at": None}
    # Conditional: of two pages that miss a map only one has it drawn.
    renewed = bool(Comparison.objects.filter(pk=row.pk, state=JobState.READY).update(**fresh))
    row.refresh_from_db()
    return renewed


def kinds_of(row: Comparison) -> list[str]:
    """Return the kinds of maps that a comparison has."""
    return [kind for kind in KINDS if kind in row.document.get("differences", {})]


def keep(row: Comparison, findings: Findings, progress: Progress[Comparison]) -> None:
    """Keep what was found; the maps are on the disk before the row says so.

    Raises
    ------
    OSError : a map cannot be written; the row stays as it was
    JobStoppedError : it was forgotten meanwhile, with one of its images, or taken over
    """
    for kind, pixels in findings.pictures.items():
        comparison_maps.write_map(row.pk, kind, _encoded(pixels))
    try:
        progress.finish(document=findings.document)
    except JobStoppedError:
        if not Comparison.objects.filter(pk=row.pk).exists():  # else the maps are those of whoever took it over
            _discard([row.pk])
        raise


def forget_oldest() -> int:
    """Forget all but the newest comparisons, as many as the settings allow; returns how many."""
    newest = Comparison.objects.order_by("-created_at", "-pk").values_list("pk", flat=True)
    return _forget(list(newest[settings.ENV.comparisons_kept :]))


def forget_images(hashes: Iterable[str]) -> int:
    """Forget every comparison with one of these images; returns how many."""
    found = set(hashes)
    # All are read: there are some thousand at most, while the images may be tens of thousands.
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
