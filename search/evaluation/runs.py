"""Measurements as background work: requested, done by a worker, stored and compared."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone

from gallery.models import Collection
from jobs.job import job
from jobs.leases import LONG_WORK_SECONDS
from jobs.progress import Progress
from jobs.rows import JobState
from search.evaluation.measure import DEFAULT_QUERIES, measure
from search.evaluation.report import summary
from search.exceptions import SearchError
from search.models import Evaluation


@job(Evaluation, queue=settings.QUEUE_MAINTENANCE, name="evaluation", lease_seconds=LONG_WORK_SECONDS)
def evaluation(row: Evaluation, progress: Progress[Evaluation]) -> dict[str, Any]:
    """Measure what a row asks for."""
    # The key is emptied when the collection is deleted; without this, everything would be measured instead.
    if row.collection_name and row.collection_id is None:
        raise SearchError("collection_gone", name=row.collection_name)
    document = measure(row.kind, collection_id=row.collection_id, max_queries=row.max_queries, progress=progress)
    return _as_kept(document)


def ask(
    kind: str, collection: Collection | None, max_queries: int | None, user: User | AnonymousUser | None = None
) -> Evaluation:
    """Note that a measurement is wanted; `evaluation.send` sends it to a worker."""
    asked_by = user if user and user.is_authenticated else None
    return Evaluation.objects.create(asked_by=asked_by, **_as_asked(kind, collection, max_queries))


def keep(kind: str, collection: Collection | None, max_queries: int | None, document: dict[str, Any]) -> Evaluation:
    """Keep what was measured without a worker."""
    # Ready from the start: a row that waited, however shortly, could be taken by a worker and measured once more.
    return Evaluation.objects.create(
        state=JobState.READY,
        finished_at=timezone.now(),
        **_as_asked(kind, collection, max_queries),
        **_as_kept(document),
    )


def _as_asked(kind: str, collection: Collection | None, max_queries: int | None) -> dict[str, Any]:
    return {
        "kind": kind,
        "collection": collection,
        "collection_name": collection.name if collection else "",
        "max_queries": max_queries or DEFAULT_QUERIES[kind],
    }


def _as_kept(document: dict[str, Any]) -> dict[str, Any]:
    return {
        "document": document,
        "summary": summary(document),
        "generation": document["generation"],
        "seconds": document["seconds"],
    }
