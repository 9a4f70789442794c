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
    if row.collection_name and row.collection_id is None:
        raise SearchError("collection_gone", name=row.collection_name)
    document = measure(row.kind, collection_id=row.collection_id, max_queries=row.max_queries, progress=progress)
    return _as_kept(document)


def ask(
    kind: str, collection: Collection | None, max_queries: int | None, user: User | AnonymousUser | None = None
) -> Evaluation:
    """Note that a measurement is wanted; `evaluation.send` sends it to a worker."""
    return Evaluation.objects.create(
        kind=kind,
        collection=collection,
        collection_name=collection.name if collection else "",
        max_queries=max_queries or DEFAULT_QUERIES[kind],
        asked_by=user if user and user.is_authenticated else None,
    )


def keep(row: Evaluation, document: dict[str, Any]) -> None:
    """Keep what was measured without a worker, unless the row was stopped in the last moment."""
    now = timezone.now()
    Evaluation.objects.filter(pk=row.pk).exclude(state=JobState.STOPPED).update(
        state=JobState.READY, finished_at=now, heartbeat_at=now, **_as_kept(document)
    )


def _as_kept(document: dict[str, Any]) -> dict[str, Any]:
    return {
        "document": document,
        "summary": summary(document),
        "generation": document["generation"],
        "seconds": document["seconds"],
    }
