"""Comparing pairs as a kind of background work: asked for once, done, put off, failed by name."""

from __future__ import annotations

import pytest
from django.utils import timezone

from gallery.models import Image
from jobs.rows import JobState
from review.comparing import jobs, rows
from review.models import Comparison
from tests.gallery.blob_files import original_path

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_methods")]
Pair = tuple[Image, Image]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was put on the queues."""
    found: list[tuple[object, ...]] = []

    def send(*job: object, job_id: str = "") -> bool:
        found.append(job)
        return True

    monkeypatch.setattr("jobs.transport.send", send)
    return found


@pytest.fixture
def wanted(pair: Pair, sent: list[tuple[object, ...]]) -> Comparison:
    """A comparison that nobody has begun."""
    return jobs.wanted(pair[0].sha256, pair[1].sha256)


def let_pause_end() -> None:
    Comparison.objects.update(leased_until=timezone.now())


def test_it_works(wanted: Comparison) -> None:
    jobs.comparison.run(wanted.pk)
    wanted.refresh_from_db()
    assert wanted.state == JobState.READY
    assert wanted.document["keypoints"]["inliers"] > 20
    assert rows.kinds_of(wanted) == ["plain", "aligned"]


@pytest.mark.django_db(transaction=True)
def test_it_is_asked_for_once(pair: Pair, sent: list[tuple[object, ...]]) -> None:
    row = jobs.wanted(pair[0].sha256, pair[1].sha256)
    jobs.wanted(pair[0].sha256, pair[1].sha256)
    assert sent == [("interactive", "jobs.job.run", "comparison", str(row.pk))]


def test_a_job_that_comes_twice_does_nothing_more(wanted: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.comparison.run(wanted.pk)
    monkeypatch.setattr(jobs, "look_closely", lambda *_hashes: pytest.fail("looked again"))
    jobs.comparison.run(wanted.pk)
    jobs.comparison.run(wanted.pk + 1000)  # forgotten since


def test_an_original_that_cannot_be_decoded_fails_by_name(wanted: Comparison, pair: Pair) -> None:
    original_path(pair[0].sha256).write_bytes(b"\x89PNG\r\n\x1a\n broken")
    jobs.comparison.run(wanted.pk)
    wanted.refresh_from_db()
    assert (wanted.state, wanted.error_code) == (JobState.FAILED, "corrupt")


def test_an_original_that_is_away_is_tried_again(wanted: Comparison, pair: Pair) -> None:
    path = original_path(pair[0].sha256)
    away = path.rename(path.with_suffix(".away"))
    jobs.comparison.run(wanted.pk)
    wanted.refresh_from_db()
    assert (wanted.state, wanted.error_code) == (JobState.RUNNING, "original_unavailable")
    jobs.comparison.run(wanted.pk)  # too early
    away.rename(path)
    let_pause_end()
    jobs.comparison.run(wanted.pk)
    wanted.refresh_from_db()
    assert (wanted.state, wanted.error_code, wanted.attempts) == (JobState.READY, "", 2)


def test_an_original_that_stays_away_fails_by_name(wanted: Comparison, pair: Pair) -> None:
    original_path(pair[0].sha256).unlink()
    for _time in range(3):
        let_pause_end()
        jobs.comparison.run(wanted.pk)
    wanted.refresh_from_db()
    assert (wanted.state, wanted.error_code) == (JobState.FAILED, "original_unavailable")


def test_a_failed_one_may_be_tried_again_and_a_running_one_not(wanted: Comparison, pair: Pair) -> None:
    assert not jobs.again(wanted)
    made_at = wanted.created_at
    original_path(pair[0].sha256).write_bytes(b"\x89PNG\r\n\x1a\n broken")
    jobs.comparison.run(wanted.pk)
    assert jobs.wanted(pair[0].sha256, pair[1].sha256).state == JobState.FAILED
    assert jobs.again(wanted)
    assert (wanted.state, wanted.error_code) == (JobState.WAITING, "")
    assert wanted.created_at > made_at  # or it would be the next to be forgotten
