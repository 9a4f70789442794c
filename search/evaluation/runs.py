"""Measurements as rows: asked for, done by a worker, stopped, kept and compared. The row is the truth."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone
from django.utils.translation import gettext as _
from rq.timeouts import JobTimeoutException

from gallery.models import Collection
from search.evaluation.measure import DEFAULT_QUERIES, measure
from search.evaluation.report import summary
from search.exceptions import SearchError
from search.models import Evaluation

PROGRESS_SECONDS = 1.0
LOST_AFTER = timedelta(minutes=15)
"""A measurement that has not been heard of for so long ended with its worker; loading a network takes a minute."""
LATE_AFTER = timedelta(seconds=10)
ERROR_LENGTH = 300
State = Evaluation.State
ACTIVE = (State.WAITING, State.RUNNING)
logger = logging.getLogger(__name__)


class EvaluationStoppedError(SearchError):
    """Somebody stopped the measurement."""


def ask(
    kind: str, collection: Collection | None, max_queries: int | None, user: User | AnonymousUser | None = None
) -> Evaluation:
    """Note that a measurement is wanted; `tasks.enqueue_evaluation` sends it to a worker."""
    return Evaluation.objects.create(
        kind=kind,
        collection=collection,
        collection_name=collection.name if collection else "",
        max_queries=max_queries or DEFAULT_QUERIES[kind],
        asked_by=user if user and user.is_authenticated else None,
    )


def run(pk: int) -> None:
    """Measure what a row asks for, unless somebody does so already or stopped it."""
    rows = Evaluation.objects.filter(pk=pk, state=State.WAITING)
    if not rows.update(state=State.RUNNING, heartbeat_at=timezone.now()):
        return
    row = Evaluation.objects.get(pk=pk)
    try:
        document = measure(
            row.kind, collection_id=_collection_id(row), max_queries=row.max_queries, progress=_Report(row)
        )
    except EvaluationStoppedError:
        logger.info("evaluation %d was stopped", pk)
    except JobTimeoutException:
        _fail(row, _("The measurement took longer than a worker may take; ask for fewer queries."))
        raise
    except SearchError as error:
        _fail(row, str(error))
    except Exception as error:
        logger.exception("evaluation %d failed", pk)
        _fail(row, f"{type(error).__name__}: {error}")
    else:
        keep(row, document)


def keep(row: Evaluation, document: dict[str, Any]) -> None:
    """Keep what was measured, unless the row was stopped in the last moment."""
    Evaluation.objects.filter(pk=row.pk).exclude(state=State.STOPPED).update(
        state=State.READY,
        document=document,
        summary=summary(document),
        generation=document["generation"],
        seconds=document["seconds"],
        phase="",
        error="",
        heartbeat_at=timezone.now(),
    )


def stop(pk: int) -> bool:
    """Stop a measurement that waits or runs; False when it does neither any more."""
    rows = Evaluation.objects.filter(pk=pk, state__in=ACTIVE)
    return bool(rows.update(state=State.STOPPED, phase="", heartbeat_at=timezone.now()))


def give_up_lost() -> int:
    """Mark measurements as failed whose worker ended before they did."""
    lost = Evaluation.objects.filter(state=State.RUNNING, heartbeat_at__lt=timezone.now() - LOST_AFTER)
    return lost.update(
        state=State.FAILED, phase="", error=_("The worker ended before the measurement; start it again.")
    )


def waiting_late() -> list[int]:
    """Return the measurements that have waited so long that their job may be lost, oldest first."""
    rows = Evaluation.objects.filter(state=State.WAITING, created_at__lt=timezone.now() - LATE_AFTER)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _collection_id(row: Evaluation) -> int | None:
    if row.collection_name and row.collection_id is None:
        raise SearchError(_("The collection %(name)s is gone.") % {"name": row.collection_name})
    return row.collection_id


def _fail(row: Evaluation, error: str) -> None:
    rows = Evaluation.objects.filter(pk=row.pk).exclude(state=State.STOPPED)
    rows.update(state=State.FAILED, phase="", error=error[:ERROR_LENGTH], heartbeat_at=timezone.now())


class _Report:
    """Keeps the progress on the row now and then, and notices there that the measurement was stopped."""

    def __init__(self, row: Evaluation) -> None:
        self._row, self._next = row, 0.0

    def __call__(self, phase: str, num_done: int, num_total: int) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + PROGRESS_SECONDS
        rows = Evaluation.objects.filter(pk=self._row.pk, state=State.RUNNING)
        if not rows.update(phase=phase, num_done=num_done, num_total=num_total, heartbeat_at=timezone.now()):
            raise EvaluationStoppedError
