"""One scan: measure what is new, group all that is known, and put the groups in the place of the last ones."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from django.conf import settings
from django.db import transaction
from numpy.typing import NDArray

from jobs.job import job
from jobs.leases import LONG_WORK_SECONDS
from jobs.progress import Progress
from review.duplicates.decide.resolve import close_decided
from review.duplicates.find.candidate_groups import CandidateGroup
from review.duplicates.find.groups import draft_groups
from review.duplicates.find.measure import find_candidates, measure, searchable_ids
from review.duplicates.find.measurement_cache import CachedMeasurements, read_cache, write_cache
from review.duplicates.find.pairs import Pairs
from review.duplicates.schedule import seen_now
from review.models import DuplicateGroup, DuplicateMember, DuplicateScan
from search.public.features import library_revision, of_versions
from search.public.pairs import current_snapshot
from search.public.scoring import Snapshot

SHARES = {"candidates": 0.4, "measuring": 0.5, "grouping": 0.1}
DRAFTING = 0.5
"""Of grouping this share is making the groups, the rest is writing them."""
STEPS = 1000
"""Parts of the whole that progress is counted in."""
GROUPS_AT_ONCE = 500
"""Groups of one transaction: others wait for the database no longer than that takes."""


class ScanProgress:
    """Keeps on the row which share of the whole is done, step by step."""

    def __init__(self, progress: Progress[DuplicateScan]) -> None:
        self._progress = progress
        self._step, self._first, self._size = "", 0.0, 0.0

    def begin(self, step: str) -> None:
        """Say that a step begins."""
        names = list(SHARES)
        self._step, self._size = step, SHARES[step]
        self._first = sum(SHARES[name] for name in names[: names.index(step)])

    def __call__(self, share: float) -> None:
        self._progress(self._step, round(STEPS * (self._first + self._size * share)), STEPS)


def discard_groups(scan: DuplicateScan) -> None:
    """Forget the groups of a scan that did not come to its end: nobody has seen them."""
    scan.groups.all().delete()


@job(
    DuplicateScan,
    queue=settings.QUEUE_MAINTENANCE,
    name="duplicate_scan",
    lease_seconds=LONG_WORK_SECONDS,
    before=discard_groups,
    ended=discard_groups,
)
def duplicate_scan(scan: DuplicateScan, progress: Progress[DuplicateScan]) -> None:
    """Measure what is new, group all that is known, and publish the groups."""
    report, started = ScanProgress(progress), time.monotonic()
    seen = seen_now()  # before anything is read: what comes later is looked at next time
    revision = library_revision()  # before the snapshot: what changes in between is measured twice rather than never
    snapshot = current_snapshot()
    progress.keep(seen=seen, revision=revision, generation=snapshot.generation_id, num_total=STEPS)
    known = _measure(snapshot, revision, report)
    report.begin("grouping")
    report(0.0)
    _keep(scan, draft_groups(snapshot, known, lambda share: report(DRAFTING * share)), progress, report)
    _publish(scan, progress, round(time.monotonic() - started, 1))


def _measure(snapshot: Snapshot, revision: int, report: ScanProgress) -> CachedMeasurements:
    """Measure the pairs with an image that is new since the last scan, and return them with those known before."""
    versions = dict(snapshot.versions)
    ids, before = searchable_ids(snapshot), read_cache(versions)
    fresh = ~np.isin(ids, before.image_ids) | np.isin(ids, _changed_since(before.revision, versions))
    # Pairs of which neither image changed keep what was measured; all others are found and measured again.
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
    rows = of_versions(versions).filter(revision__gt=revision).order_by()
    return np.fromiter(rows.values_list("image_id", flat=True).distinct().iterator(), np.int64)


def _keep(
    scan: DuplicateScan, drafts: Sequence[CandidateGroup], progress: Progress[DuplicateScan], report: ScanProgress
) -> None:
    """Write the groups, some at a time; nobody sees them before the scan is ready."""
    for start in range(0, len(drafts), GROUPS_AT_ONCE):
        part = drafts[start : start + GROUPS_AT_ONCE]
        with transaction.atomic():
            groups = DuplicateGroup.objects.bulk_create([_group(scan, draft) for draft in part])
            members = [each for group, draft in zip(groups, part, strict=True) for each in _members(group, draft)]
            DuplicateMember.objects.bulk_create(members, batch_size=1000)
            progress.keep()  # or none of them: whoever took the scan over writes groups of its own
        report(DRAFTING + (1 - DRAFTING) * (start + len(part)) / len(drafts))


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


def _publish(scan: DuplicateScan, progress: Progress[DuplicateScan], seconds: float) -> None:
    """Show these groups instead of the last ones; those that were decided about meanwhile stay settled."""
    with transaction.atomic():
        close_decided(scan, after=scan.seen["decision"])
        progress.finish(num_done=STEPS, seconds=seconds)
    # Afterwards, as it takes long and nobody sees them any more; what a crash leaves is deleted by the next scan.
    for old in DuplicateScan.objects.filter(pk__lt=scan.pk):
        old.delete()
