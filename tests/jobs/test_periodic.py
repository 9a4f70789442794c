"""What apps have done again and again, after a build, and by a worker that starts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError

from jobs import periodic

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done during the test; nothing but the test's own steps is registered."""
    monkeypatch.setattr(periodic, "_steps", {})
    monkeypatch.setattr(periodic, "_after_build", {})
    monkeypatch.setattr(periodic, "_worker_starts", {})
    return []


def step(done: list[str], name: str, number: int = 0) -> Callable[[], int]:
    def act() -> int:
        done.append(name)
        return number

    act.__name__ = act.__qualname__ = name
    return act


def test_it_works(done: list[str], caplog: pytest.LogCaptureFixture) -> None:
    sweep, rescan = step(done, "sweep", 1), step(done, "rescan")
    periodic.register(sweep)
    periodic.register(rescan, after_build=True)
    periodic.register(rescan, after_build=True)
    with caplog.at_level("INFO", logger="jobs"):
        periodic.reconcile()
    assert done == ["sweep", "rescan"]
    assert "sweep: 1" in caplog.text
    assert periodic.steps_after_build() == (rescan,)


def test_a_step_that_fails_does_not_stop_the_others(done: list[str], caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> int:
        raise DatabaseError("no such table")

    periodic.register(broken, step(done, "sweep"))
    periodic.reconcile()
    assert done == ["sweep"]
    assert "broken failed" in caplog.text


def test_rounds_go_on(done: list[str]) -> None:
    periodic.register(step(done, "sweep"))

    def pause(seconds: float) -> None:
        assert seconds == 7
        if len(done) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        periodic.reconcile_forever(7, pause)
    assert done == ["sweep"] * 3


def test_what_a_worker_loads_is_told_by_apps(done: list[str]) -> None:
    def load(queue: str) -> None:
        done.append(queue)

    periodic.on_worker_start(load)
    periodic.on_worker_start(load)
    assert periodic.worker_starts() == (load,)
