"""Features as background work, many rows at a time, and asking for generations and maps.

The database says what is to be done; a job is only a hint that there is something.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from gallery.audit_events import Action, log_act
from jobs import transport
from jobs.job import KINDS
from search.features import extraction, feature_counts, leases
from search.generations import build
from search.map import building as map_building

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


def enqueue_extraction(image_ids: Iterable[int] = ()) -> bool:
    """Ask the feature worker to look at these images soon; False when Redis is down."""
    job = f"{__name__}.{extract_features.__name__}"
    return transport.send_after_commit(settings.QUEUE_FEATURES, job, list(image_ids))


def enqueue_build(user: User | AnonymousUser | None = None) -> bool:
    """Ask for a new generation, unless one is already asked for; False when Redis is down."""
    return build.generation.send(build.ask(user).pk)


def ask_for_build(user: User | AnonymousUser) -> bool:
    """Ask for a new generation on somebody's behalf, of which the record is kept; False when Redis is down."""
    if not enqueue_build(user):
        return False
    # Acts are logged in transactions alone, so that none is logged that did not happen.
    with transaction.atomic():
        log_act(user, Action.SETTINGS, "index", act="rebuild")
    return True


def enqueue_maps(method: str = "") -> bool:
    """Ask for maps to be brought up to date, and for one method's map; False when Redis is down."""
    return map_building.map_drawing.send(map_building.ask(method).pk)


def extract_features(image_ids: list[int]) -> None:
    """Compute one batch: these images if they still want it, filled up with those that waited longest."""
    held = leases.lease(settings.ENV.feature_batch_size, image_ids)
    if not held:
        return
    extraction.extract(held)
    # The chain of jobs hangs on this: whoever ends a batch sends for the next, so a thousand uploads need one job.
    num_pending = feature_counts.num_pending()
    if num_pending and not transport.num_queued(settings.QUEUE_FEATURES):
        enqueue_extraction()
    if build.rebuild_due(num_pending):
        enqueue_build()


class FeatureKind:
    """Features as a kind of background work: rows that are claimed a batch at a time (see `search.features.leases`)."""

    name = "feature"

    def run(self, pk: object) -> None:
        """Compute the features of an image, and of others that wait."""
        extract_features([int(str(pk))])

    def resume(self) -> int:
        """Free what dead workers held, and see to it that somebody is told of what waits."""
        num_freed = leases.expire_leases()
        if feature_counts.num_pending() and not transport.num_queued(settings.QUEUE_FEATURES):
            enqueue_extraction()
        return num_freed

    def reclaim(self, *, counts: bool = True) -> int:
        """Free at once what a dead predecessor in this worker's place still holds."""
        num_held = leases.reclaim(counts=counts)
        if num_held:
            enqueue_extraction()
        return num_held


KINDS[FeatureKind.name] = FeatureKind()
