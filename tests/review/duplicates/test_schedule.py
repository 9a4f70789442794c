"""When scans are made, taken up and given up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from gallery.models import RepeatUpload
from jobs import transport
from jobs.rows import JobState
from review.duplicates import jobs, schedule
from review.duplicates.decide import decisions
from review.models import DuplicateScan
from review.verdicts.record import record
from search.features import revisions
from search.models import Generation
from tests.gallery.rows import make_image
from tests.review.duplicates.rows import make_scan
from tests.review.people import person

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def rested() -> DuplicateScan:
    """A scan of an hour ago, of a library that has not changed since."""
    scan = make_scan()
    DuplicateScan.objects.update(
        created_at=timezone.now() - HOUR,
        finished_at=timezone.now() - HOUR,
        revision=revisions.revision(),
        seen=schedule.seen_now(),
    )
    scan.refresh_from_db()
    return scan


def test_it_works(rested: DuplicateScan) -> None:
    assert not schedule.due()
    revisions.bump_revision()
    assert schedule.due()


def test_before_the_first_generation_there_is_no_hurry() -> None:
    assert not schedule.due()
    Generation.objects.create(state="ready", life="active")
    assert schedule.due()


def test_verdicts_undone_decisions_and_repeats_are_changes(rested: DuplicateScan) -> None:
    ada, image = person("ada"), make_image()
    decision = decisions.keep_all([image.pk], ada)
    assert not schedule.due()  # what is kept has been settled
    for change in (
        lambda: record("1" * 64, "2" * 64, "different", author=ada),
        lambda: decisions.undo(decision, ada),
        lambda: RepeatUpload.objects.create(image=image, original_name="again.jpg"),
    ):
        change()
        assert schedule.due()
        DuplicateScan.objects.update(seen=schedule.seen_now())
        assert not schedule.due()


def test_scans_rest_in_proportion_to_what_they_took(rested: DuplicateScan) -> None:
    revisions.bump_revision()
    minute_ago = timezone.now() - timedelta(minutes=1)
    for seconds, due in ((5.0, True), (7.0, False)):
        DuplicateScan.objects.update(seconds=seconds, finished_at=minute_ago)
        assert schedule.due() == due
    DuplicateScan.objects.update(seconds=3600.0, finished_at=timezone.now() - schedule.LONGEST_PAUSE)
    assert schedule.due()


def test_one_scan_at_a_time() -> None:
    wanted = schedule.ask()
    assert schedule.ask() == wanted
    assert not schedule.due()


def test_after_failures_the_next_waits(rested: DuplicateScan) -> None:
    revisions.bump_revision()
    failed = DuplicateScan.objects.create(state=JobState.FAILED)
    assert not schedule.due()
    DuplicateScan.objects.filter(pk=failed.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=2))
    assert schedule.due()
    DuplicateScan.objects.create(state=JobState.FAILED)
    DuplicateScan.objects.filter(state=JobState.FAILED).update(heartbeat_at=timezone.now() - timedelta(seconds=90))
    assert not schedule.due()  # the second failure in a row: two minutes


def test_the_reconciler_asks_for_a_scan_that_is_due(
    rested: DuplicateScan,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(transport, "send", lambda *about, job_id="": sent.append(about) is None)  # type: ignore[func-returns-value]
    monkeypatch.setattr(transport, "num_queued", lambda _name: 0)

    def reconcile() -> list[tuple[Any, ...]]:
        sent.clear()
        with django_capture_on_commit_callbacks(execute=True):
            jobs.renew_duplicates()
        return sent

    assert reconcile() == []
    revisions.bump_revision()
    ((queue, _job, kind, asked),) = reconcile()
    assert (queue, kind) == ("maintenance", "duplicate_scan")
    assert reconcile() == []  # one waits
    assert DuplicateScan.objects.get(pk=asked).state == JobState.WAITING
