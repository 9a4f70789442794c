"""Jobs that compare pairs: sent, done, lost and taken up again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from gallery.models import Image
from jobs import periodic
from review.comparing import jobs, rows
from review.models import Comparison
from search.models import WorkState
from tests.gallery.blob_files import original_path

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_methods")]
Pair = tuple[Image, Image]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was put on the queues."""
    found: list[tuple[object, ...]] = []

    def send(*job: object) -> bool:
        found.append(job)
        return True

    monkeypatch.setattr("jobs.transport.send", send)
    monkeypatch.setattr("jobs.transport.num_queued", lambda _name: 0)
    return found


@pytest.fixture
def wanted(pair: Pair, sent: list[tuple[object, ...]]) -> Comparison:
    """A comparison that nobody has begun."""
    return jobs.wanted(pair[0].sha256, pair[1].sha256)


def test_it_works(wanted: Comparison) -> None:
    jobs.compare(wanted.pk)
    wanted.refresh_from_db()
    assert wanted.state == WorkState.READY
    assert wanted.document["keypoints"]["inliers"] > 20
    assert rows.kinds_of(wanted) == ["plain", "aligned"]


@pytest.mark.django_db(transaction=True)
def test_it_is_asked_for_once(pair: Pair, sent: list[tuple[object, ...]]) -> None:
    row = jobs.wanted(pair[0].sha256, pair[1].sha256)
    jobs.wanted(pair[0].sha256, pair[1].sha256)
    assert sent == [("interactive", "review.comparing.jobs.compare", row.pk)]


def test_a_job_that_comes_twice_does_nothing_more(wanted: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.compare(wanted.pk)
    monkeypatch.setattr(jobs, "look_closely", lambda *_hashes: pytest.fail("looked again"))
    jobs.compare(wanted.pk)
    jobs.compare(wanted.pk + 1000)  # forgotten since


def test_an_original_that_cannot_be_decoded_fails_by_name(wanted: Comparison, pair: Pair) -> None:
    original_path(pair[0].sha256).write_bytes(b"\x89PNG\r\n\x1a\n broken")
    jobs.compare(wanted.pk)
    wanted.refresh_from_db()
    assert (wanted.state, wanted.reason) == (WorkState.FAILED, "corrupt")


def test_an_original_that_is_away_is_tried_again(wanted: Comparison, pair: Pair) -> None:
    path = original_path(pair[0].sha256)
    away = path.rename(path.with_suffix(".away"))
    jobs.compare(wanted.pk)
    wanted.refresh_from_db()
    assert (wanted.state, wanted.reason) == (WorkState.LEASED, "original_unavailable")
    jobs.compare(wanted.pk)  # too early
    away.rename(path)
    Comparison.objects.update(leased_until=timezone.now())
    jobs.compare(wanted.pk)
    wanted.refresh_from_db()
    assert (wanted.state, wanted.reason, wanted.attempts) == (WorkState.READY, "", 2)


def test_an_original_that_stays_away_fails_by_name(wanted: Comparison, pair: Pair) -> None:
    original_path(pair[0].sha256).unlink()
    for _time in range(3):
        Comparison.objects.update(leased_until=timezone.now())
        jobs.compare(wanted.pk)
    wanted.refresh_from_db()
    assert (wanted.state, wanted.reason) == (WorkState.FAILED, "original_unavailable")


def test_an_error_is_kept_and_logged(
    wanted: Comparison, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_hashes: str) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(jobs, "look_closely", fail)
    jobs.compare(wanted.pk)
    wanted.refresh_from_db()
    assert (wanted.state, wanted.reason) == (WorkState.FAILED, "RuntimeError: out of luck")
    assert f"comparison {wanted.pk} failed" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_lost_job_is_sent_again_by_the_reconciler(wanted: Comparison, sent: list[tuple[object, ...]]) -> None:
    assert jobs.resume_comparisons in periodic.steps()
    del sent[:]
    jobs.resume_comparisons()
    assert sent == []
    Comparison.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    jobs.resume_comparisons()
    assert sent == [("interactive", "review.comparing.jobs.compare", wanted.pk)]
