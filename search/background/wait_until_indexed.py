"""Waiting until all that was stored can be found, and doing the work here when nobody else does."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.db.models import Max

from jobs.rows import JobState
from search.background import tasks
from search.background.health import look_at_queues
from search.exceptions import GenerationError
from search.features import extraction, feature_counts, leases, registry, wanted_rows
from search.features.version_rollout import next_versions
from search.generations import build
from search.models import Generation

LOOK_SECONDS = 0.5
ASK_AGAIN_SECONDS = 30.0


def catch_up(report: Callable[[str, int], None]) -> None:
    """Return once every feature is ready or failed, and a generation that holds them is in use.

    `report` is told what goes on and how many features are still waiting.

    Raises
    ------
    GenerationError : no generation could be published
    """
    finish_features(report)
    publish(report)


def drain(report: Callable[[str, int], None] = lambda _what, _num: None) -> int:
    """Compute, in this process, whatever may be leased; returns the number of features kept."""
    num_kept = 0
    while held := leases.lease(settings.ENV.feature_batch_size):
        num_kept += extraction.extract(held)
        report("features", feature_counts.num_waiting())
    return num_kept


def finish_features(report: Callable[[str, int], None]) -> None:
    """Wait for the feature worker, or be it while there is none."""
    wanted_rows.ensure_rows()
    asked_at = -ASK_AGAIN_SECONDS
    while num_waiting := feature_counts.num_waiting():
        report("features", num_waiting)
        # The reconciler would do so too, but somebody waits, and it may not run at all.
        leases.expire_leases()
        if not _is_served(settings.QUEUE_FEATURES):
            drain(report)
        # Now and then: a job may have been lost, and one too many does no harm.
        elif time.monotonic() - asked_at > ASK_AGAIN_SECONDS:
            tasks.enqueue_extraction()
            asked_at = time.monotonic()
        if feature_counts.num_waiting():
            time.sleep(LOOK_SECONDS)


def publish(report: Callable[[str, int], None]) -> None:
    """Wait for a generation that holds every ready feature, or build it while nobody else does.

    Raises
    ------
    GenerationError : see the error of the newest generation
    """
    last_failed = _newest_failed()
    asked_at = -ASK_AGAIN_SECONDS
    while not _is_published():
        report("index", 0)
        failed = _newest_failed()
        # A failure from before this began says nothing about this build.
        if failed and failed != last_failed:
            raise GenerationError(failed.error_code, **(failed.error_params or {}))
        if not _is_served(settings.QUEUE_MAINTENANCE):
            build.build()
            continue
        if time.monotonic() - asked_at > ASK_AGAIN_SECONDS:
            tasks.enqueue_build()
            asked_at = time.monotonic()
        time.sleep(LOOK_SECONDS)


def _is_served(queue: str) -> bool:
    found = look_at_queues()
    return not found.error and queue not in found.idle


def _is_published() -> bool:
    """Tell whether the active generation holds every feature that one built now would hold."""
    active = Generation.objects.filter(life=Generation.Life.ACTIVE).first()
    versions = next_versions(active)
    newest = registry.of_versions(versions).filter(state=JobState.READY).aggregate(newest=Max("revision"))["newest"]
    # Nothing is ready, so there is nothing to publish.
    if newest is None:
        return True
    if active is None or active.revision < newest:
        return False
    return all(active.versions.get(name) == version for name, version in versions.items())


def _newest_failed() -> Generation | None:
    return Generation.objects.filter(state=JobState.FAILED).order_by("-pk").first()
