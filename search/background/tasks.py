"""Thin RQ jobs, ids in and nothing out, and the functions that queue them.

The database says what is to be done; a job is only a hint that there is something. Every job may be lost, come twice
or run beside its twin.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from rq.timeouts import JobTimeoutException

from gallery.audit_events import Action, log_act
from gallery.decoding import Refused
from jobs import periodic, transport
from search.exceptions import GenerationError, MapError, QueryFileError, SearchError
from search.features import extraction, feature_counts, leases, stored_vectors
from search.generations import build
from search.map import building as map_building
from search.models import Query, WorkState

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

logger = logging.getLogger(__name__)
QUERY_PAUSE = timedelta(seconds=5)
"""How long an uploaded query is left alone whose file cannot be opened."""


def enqueue_extraction(image_ids: Iterable[int] = ()) -> bool:
    """Ask the feature worker to look at these images soon; False when Redis is down."""
    return _send(settings.QUEUE_FEATURES, extract_features, list(image_ids))


def enqueue_query(query_id: uuid.UUID | str) -> bool:
    """Ask the interactive worker to describe an uploaded query; False when Redis is down."""
    return _send(settings.QUEUE_INTERACTIVE, describe_query, str(query_id))


def enqueue_build() -> bool:
    """Ask for a new generation, unless one is already asked for; False when Redis is down."""
    if transport.is_queued(settings.QUEUE_MAINTENANCE, _path(build_generation)):
        return True
    return _send(settings.QUEUE_MAINTENANCE, build_generation)


def ask_for_build(user: User | AnonymousUser) -> bool:
    """Ask for a new generation on somebody's behalf, of which the record is kept; False when Redis is down."""
    if not enqueue_build():
        return False
    with transaction.atomic():
        log_act(user, Action.SETTINGS, "index", act="rebuild")
    return True


def enqueue_maps(method: str = "") -> bool:
    """Ask for maps to be brought up to date, and for one method's map; False when Redis is down."""
    return _send(settings.QUEUE_MAINTENANCE, draw_maps, method)


def _path(job: object) -> str:
    """Return the name under which workers find a job's function."""
    return f"{__name__}.{getattr(job, '__name__', job)}"


def _send(queue: str, job: object, *args: object) -> bool:
    return transport.send_after_commit(queue, _path(job), *args)


def extract_features(image_ids: list[int]) -> None:
    """Compute one batch: these images if they still want it, filled up with those that waited longest."""
    held = leases.lease(settings.ENV.feature_batch_size, image_ids)
    if not held:
        return
    extraction.extract(held)
    num_pending = feature_counts.num_pending()
    if num_pending and not transport.num_queued(settings.QUEUE_FEATURES):
        enqueue_extraction()
    if build.rebuild_due(num_pending):
        enqueue_build()


def describe_query(query_id: str) -> None:
    """Compute the vectors of an uploaded query."""
    now = timezone.now()
    free = Q(state=WorkState.PENDING) | Q(state=WorkState.LEASED, leased_until__lt=now)
    rows = Query.objects.filter(free, pk=query_id, attempts__lt=settings.ENV.max_attempts)
    until = now + timedelta(seconds=settings.ENV.lease_seconds)
    if not rows.update(state=WorkState.LEASED, leased_until=until, attempts=F("attempts") + 1):
        return
    query = Query.objects.get(pk=query_id)
    try:
        described = extraction.describe_query(query)
        query.vectors = stored_vectors.pack_query(described.vectors)
        query.state, query.reason = WorkState.READY, described.reason[: leases.REASON_LENGTH]
    except JobTimeoutException:
        raise
    except Refused as refusal:
        query.state, query.reason = WorkState.FAILED, refusal.reason
    except QueryFileError as error:
        _put_off(query, error)
    except SearchError as error:
        query.state, query.reason = WorkState.FAILED, str(error)[: leases.REASON_LENGTH]
    except Exception as error:
        logger.exception("query %s could not be described", query_id)
        query.state, query.reason = WorkState.FAILED, f"{type(error).__name__}: {error}"[: leases.REASON_LENGTH]
    query.save(update_fields=["vectors", "state", "reason", "leased_until"])


def _put_off(query: Query, error: QueryFileError) -> None:
    """Have a query tried again whose file cannot be opened, unless that was the last try: it is not kept for long."""
    logger.warning("query %s cannot be opened: %s", query.pk, error.__cause__)
    if query.attempts < settings.ENV.max_attempts:
        query.leased_until = timezone.now() + QUERY_PAUSE  # then the reconciler has it tried again
        query.reason = leases.ORIGINAL_UNAVAILABLE
    else:
        query.state, query.reason = WorkState.FAILED, str(error)[: leases.REASON_LENGTH]


def build_generation() -> None:
    """Build and publish a new generation."""
    try:
        build.build()
    except GenerationError as error:
        logger.warning("no new generation: %s", error)
    if map_building.due():
        enqueue_maps()
    for step in periodic.steps_after_build():
        step()


def draw_maps(method: str) -> None:
    """Bring the maps up to date, and draw one method's map if it is named."""
    try:
        map_building.draw([method] if method else [])
    except MapError as error:
        logger.warning("no map was drawn: %s", error)
