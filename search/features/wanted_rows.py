"""What is wanted: a row for each image and method, wanted again when it failed or is to be recomputed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from gallery.models import Image
from jobs.rows import JobState
from search.features import leases, registry
from search.models import Feature


def ensure_rows(image_ids: Iterable[int] | None = None) -> int:
    """Make the rows that are missing for these images, or for every shown image, and return how many were."""
    num_made = 0
    ids = None if image_ids is None else list(image_ids)
    for method, version in registry.current_versions().items():
        present = Feature.objects.filter(image=OuterRef("pk"), method=method, version=version)
        ready = Image.objects.filter(status=Image.Status.READY)
        images = Image.objects.shown() if ids is None else ready.filter(pk__in=ids)
        missing = images.filter(~Exists(present)).order_by("pk").values_list("pk", flat=True)
        # Asked again each time: what the last round made is missing no longer.
        while chunk := list(missing[:1000]):
            rows = [Feature(image_id=image_id, method=method, version=version) for image_id in chunk]
            # An upload or another reconciler may make the same rows at the same time.
            Feature.objects.bulk_create(rows, ignore_conflicts=True)
            num_made += len(rows)
    return num_made


def retry_failed(image_ids: Iterable[int] | None = None) -> int:
    """Want what failed, or waits for its original, once more and now; returns the number of rows."""
    states = (JobState.FAILED, JobState.RUNNING)
    tried = Q(state=JobState.FAILED) | leases.for_original()
    # The states once more, outside of the OR: by them the index narrows the rows.
    rows = Feature.objects.filter(registry.at_versions(registry.current_versions()), tried, state__in=states)
    return _want(rows if image_ids is None else rows.filter(image__in=list(image_ids)))


def recompute(image_ids: Iterable[int]) -> int:
    """Want these images' features again, whatever their state; returns the number of rows."""
    ids = list(image_ids)
    ensure_rows(ids)
    return _want(Feature.objects.filter(registry.at_versions(registry.current_versions()), image__in=ids))


def _want(rows: QuerySet[Feature]) -> int:
    return rows.update(
        state=JobState.WAITING,
        error_code="",
        error_params=None,
        attempts=0,
        lease=None,
        leased_until=None,
        updated_at=timezone.now(),
    )


def drop_outdated(versions: Mapping[str, str], limit: int = 2000) -> int:
    """Delete rows of other versions of these methods, a limited number at a time."""
    old = Q(pk__in=[])
    for method, version in versions.items():
        old |= Q(method=method) & ~Q(version=version)
    # A few at a time: on SQLite, deleting a million rows in one go would keep every writer out for minutes.
    ids = list(Feature.objects.filter(old).values_list("pk", flat=True)[:limit])
    return Feature.objects.filter(pk__in=ids).delete()[0]
