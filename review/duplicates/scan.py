"""One scan: measure what is new, group all that is known, and put the groups in the place of the last ones."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from rq.timeouts import JobTimeoutException

from review.duplicates.decide.resolve import close_decided
from review.duplicates.find.candidate_groups import CandidateGroup
from review.duplicates.find.groups import draft_groups
from review.duplicates.find.measure import find_candidates, measure, searchable_ids
from review.duplicates.find.measurement_cache import CachedMeasurements, read_cache, write_cache
from review.duplicates.find.pairs import Pairs
from review.duplicates.schedule import seen_now
from review.models import DuplicateGroup, DuplicateMember, DuplicateScan
from search.exceptions import SearchError
from search.features import registry, revisions
from search.generations.snapshot import current_snapshot
from search.scoring.segments import Snapshot

State = DuplicateScan.State
SHARES = {"candidates": 0.4, "measuring": 0.5, "grouping": 0.1}
STEPS = 1000
"""Parts of the whole that progress is counted in."""
PROGRESS_SECONDS = 1.0
GROUPS_AT_ONCE = 500
"""Groups of one transaction: others wait for the database no longer than that takes."""
ERROR_LENGTH = 300
logger = logging.getLogger(__name__)


def run(pk: int) -> None:
    """Make the scan that a row asks for, unless somebody does so already; what goes wrong is kept on the row."""
    waiting = DuplicateScan.objects.filter(pk=pk, state=State.WAITING)
    if not waiting.update(state=State.RUNNING, heartbeat_at=timezone.now(), num_total=STEPS):
        return
    scan = DuplicateScan.objects.get(pk=pk)
    try:
        _scan(scan)
    except JobTimeoutException:
        _fail(scan, _("The scan took longer than a worker may take."))
        raise
    except (SearchError, OSError) as error:
        _fail(scan, str(error))
    except Exception as error:
        logger.exception("scan %d for duplicates failed", pk)
        _fail(scan, f"{type(error).__name__}: {error}")


class _Report:
    """Keeps progress on the row for other processes to see."""

    def __init__(self, scan: DuplicateScan) -> None:
        self._scan, self._next = scan, 0.0
        self._first, self._size = 0.0, 0.0

    def begin(self, step: str) -> None:
        """Say that a step begins."""
        names = list(SHARES)
        self._first, self._size = sum(SHARES[name] for name in names[: names.index(step)]), SHARES[step]

    def __call__(self, share: float) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + PROGRESS_SECONDS
            done = round(STEPS * (self._first + self._size * share))
            DuplicateScan.objects.filter(pk=self._scan.pk).update(num_done=done, heartbeat_at=timezone.now())


def _scan(scan: DuplicateScan) -> None:
    report, started = _Report(scan), time.monotonic()
    scan.seen = seen_now()  # before anything is read: what comes later is looked at next time
    scan.revision = revisions.revision()
    snapshot = current_snapshot()
    scan.generation = snapshot.generation_id
    known = _measure(snapshot, scan.revision, report)
    report.begin("grouping")
    report(0.0)
    _keep(scan, draft_groups(snapshot, known), report)
    scan.seconds = round(time.monotonic() - started, 1)
    _publish(scan)


def _measure(snapshot: Snapshot, revision: int, report: _Report) -> CachedMeasurements:
    """Measure the pairs with an image that is new since the last scan, and return them with those known before."""
    versions = dict(snapshot.versions)
    ids, before = searchable_ids(snapshot), read_cache(versions)
    fresh = ~np.isin(ids, before.image_ids) | np.isin(ids, _changed_since(before.revision, versions))
    still = ids[~fresh]
    old = np.isin(before.pairs.first, still) & np.isin(before.pairs.second, still)
    report.begin("candidates")
    found = find_candidates(snapshot, ids, fresh, report)
    report.begin("measuring")
    raw = measure(snapshot, found, report)
    pairs = Pairs(*(np.concatenate(each) for each in zip(before.pairs.take(old), found, strict=True)))
    known = CachedMeasurements(pairs, np.concatenate([before.raw[:, old], raw], axis=1), ids, revision)
    write_cache(known, versions)
    return known


def _changed_since(revision: int, versions: dict[str, str]) -> NDArray[np.int64]:
    """Return the images with features that are newer than a revision."""
    rows = registry.of_versions(versions).filter(revision__gt=revision).order_by()
    return np.fromiter(rows.values_list("image_id", flat=True).distinct().iterator(), np.int64)


def _keep(scan: DuplicateScan, drafts: Sequence[CandidateGroup], report: _Report) -> None:
    """Write the groups, some at a time; nobody sees them before the scan is ready."""
    for start in range(0, len(drafts), GROUPS_AT_ONCE):
        part = drafts[start : start + GROUPS_AT_ONCE]
        with transaction.atomic():
            groups = DuplicateGroup.objects.bulk_create([_group(scan, draft) for draft in part])
            members = [each for group, draft in zip(groups, part, strict=True) for each in _members(group, draft)]
            DuplicateMember.objects.bulk_create(members, batch_size=1000)
        report((start + len(part)) / len(drafts))


def _group(scan: DuplicateScan, draft: CandidateGroup) -> DuplicateGroup:
    return DuplicateGroup(
        scan=scan,
        tier=draft.tier,
        size=len(draft.group.members),
        score=round(draft.group.score, 6),
        chain=draft.chain,
        keeper_id=draft.keeper.image_id,
        keeper_reason=draft.keeper.reason,
    )


def _members(group: DuplicateGroup, draft: CandidateGroup) -> list[DuplicateMember]:
    found = zip(draft.group.members, draft.group.nearest, draft.group.scores, strict=True)
    return [
        DuplicateMember(group=group, image_id=image_id, nearest_id=nearest or None, score=round(score, 6))
        for image_id, nearest, score in found
    ]


def _publish(scan: DuplicateScan) -> None:
    """Show these groups instead of the last ones; those that were decided about meanwhile stay settled."""
    with transaction.atomic():
        close_decided(scan, after=scan.seen["decision"])
        scan.state, scan.error, scan.finished_at, scan.num_done = State.READY, "", timezone.now(), STEPS
        scan.save()
    for old in DuplicateScan.objects.filter(pk__lt=scan.pk):
        old.delete()


def _fail(scan: DuplicateScan, error: str) -> None:
    scan.groups.all().delete()
    scan.state, scan.error, scan.finished_at = State.FAILED, error[:ERROR_LENGTH], timezone.now()
    scan.save()
