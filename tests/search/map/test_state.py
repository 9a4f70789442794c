"""The state of the drawing, as other processes see it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from search.map.state import INTERRUPTED, STATE, MapState, exclusive, read_state, write_state


def test_it_works(tmp_path: Path) -> None:
    assert read_state(tmp_path) == MapState()
    with exclusive(tmp_path) as gained:
        assert gained
        write_state(tmp_path, MapState(running=True, method="deep", share=0.5))
        assert read_state(tmp_path).running
    write_state(tmp_path, MapState(ended_at=5, seconds=2))
    assert read_state(tmp_path) == MapState(ended_at=5, seconds=2)


def test_a_drawing_that_was_killed_is_told_as_interrupted(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        write_state(tmp_path, MapState(running=True, method="deep"))
    state = read_state(tmp_path)
    assert (state.running, state.error, state.num_failures) == (False, INTERRUPTED, 1)
    assert state.pausing


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
        (50, 3500, True),
        (50, 3700, False),
    ],
)
def test_failures_make_it_pause(num_failures: int, seconds_ago: float, pausing: bool) -> None:
    assert MapState(num_failures=num_failures, ended_at=time.time() - seconds_ago).pausing is pausing


@pytest.mark.parametrize("text", ["", "[]", "{", '{"unknown": 1}'])
def test_a_state_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE).write_text(text)
    assert read_state(tmp_path) == MapState()
