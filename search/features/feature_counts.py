"""How many rows are ready, wait or failed."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet

from gallery.models import Image
from jobs.rows import JobState
from search.features import leases, registry
from search.models import Feature

NOT_READY = tuple(state for state in JobState if state != JobState.READY)


def counts(*states: JobState) -> dict[str, dict[str, int]]:
    """Return how many rows of each method, at its current version, are in each of these states, or in any. One query.

    Few rows are anything but ready: asking for the states that matter spares counting all the others.
    """
    versions = registry.current_versions()
    found = {method: dict.fromkeys(states or JobState.values, 0) for method in versions}
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
    versions = registry.current_versions()
    found = {method: dict.fromkeys(JobState.values, 0) for method in versions}
    rows = Feature.objects.filter(image__in=images).order_by()
    for method, version, number in rows.values_list("method", "version").annotate(Count("pk")):
        if versions.get(method) == version:
            found[method][JobState.READY] = number
    others = rows.filter(method__in=versions, version__in=versions.values(), state__in=NOT_READY)
    for method, version, state, number in others.values_list("method", "version", "state").annotate(Count("pk")):
        if versions[method] == version:
            found[method][state] = number
            found[method][JobState.READY] -= number
    return found


def num_pending() -> int:
    """Return how many rows nobody works on yet. One query."""
    return _total(JobState.WAITING)


def num_waiting() -> int:
    """Return how many rows are neither ready nor failed, nor wait for their originals. Two queries."""
    absent = Feature.objects.filter(leases.for_original(), registry.at_versions(registry.current_versions())).count()
    # Rows move between the two queries.
    return max(0, _total(JobState.WAITING, JobState.RUNNING) - absent)


def _total(*states: JobState) -> int:
    return sum(number for numbers in counts(*states).values() for number in numbers.values())
