"""Where the drawing of maps stands, as its rows tell it, and the lock."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from jobs.rows import JobState
from search.map.state import MapState, exclusive, last_seconds, phase_words, read_state
from search.models import MapDrawing

pytestmark = pytest.mark.django_db


def drawing(state: str, **values: object) -> MapDrawing:
    return MapDrawing.objects.create(state=state, **values)


def test_it_works() -> None:
    assert (read_state(), last_seconds()) == (MapState(), 0)
    now = timezone.now()
    drawing(JobState.READY, seconds=2, finished_at=now)
    assert read_state() == MapState(ended_at=now)
    assert last_seconds() == 2
    about = {"phase": "laying_out", "numbers": {"num": 7}, "num_done": 400, "num_total": 1000}
    drawing(JobState.RUNNING, **about)
    drawing(JobState.WAITING)
    assert read_state() == MapState(True, phase_words("laying_out", {"num": 7}), 0.4, ended_at=now)


def test_a_failed_drawing_says_why_until_another_succeeds() -> None:
    now = timezone.now()
    for _time in range(2):
        drawing(JobState.FAILED, error_code="worker_lost", error_params={"attempts": 3}, finished_at=now)
    state = read_state()
    assert (state.running, state.num_failures, state.pausing) == (False, 2, True)
    assert "3" in state.error
    drawing(JobState.READY, seconds=1, finished_at=now)
    assert (read_state().num_failures, read_state().error, read_state().pausing) == (0, "", False)


@pytest.mark.parametrize("phase", ["laying_out", "unheard_of"])
def test_phases_that_cannot_be_put_into_words_are_shown_as_they_stand(phase: str) -> None:
    assert phase_words(phase, {}) == phase


def test_a_second_drawing_is_kept_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.map.state.LOCK_WAIT_SECONDS", 0.05)
    with exclusive(tmp_path), exclusive(tmp_path) as gained:
        assert not gained
    with exclusive(tmp_path) as gained:
        assert gained


@pytest.mark.parametrize(
    ("num_failures", "seconds_ago", "pausing"),
    [
        (0, 0, False),
        (1, 50, True),
        (1, 70, False),
        (2, 110, True),
        (3, 250, False),
        (10, 3500, True),
        (10, 3700, False),
    ],
)
def test_failures_make_it_pause(num_failures: int, seconds_ago: float, pausing: bool) -> None:
    ended_at = timezone.now() - timedelta(seconds=seconds_ago)
    assert MapState(num_failures=num_failures, ended_at=ended_at).pausing is pausing
