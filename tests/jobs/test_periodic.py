"""Chores: what apps above search have done by the reconciler and after a build."""

from __future__ import annotations

import pytest
from django.db import DatabaseError

from jobs import periodic
from search.background import tasks
from search.background.reconciler import reconcile

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done during the test; nothing but the test's own chores is registered."""
    monkeypatch.setattr(periodic, "_chores", {})
    monkeypatch.setattr(periodic, "_after_build", {})
    monkeypatch.setattr("search.background.reconciler.STEPS", ())
    return []


def test_it_works(done: list[str]) -> None:
    def sweep() -> int:
        done.append("sweep")
        return 1

    def rescan() -> int:
        done.append("rescan")
        return 0

    periodic.register(sweep)
    periodic.register(rescan, after_build=True)
    periodic.register(rescan, after_build=True)
    reconcile()
    assert done == ["sweep", "rescan"]
    tasks.build_generation()  # there is nothing to build from; what waits is looked after all the same
    assert done == ["sweep", "rescan", "rescan"]


def test_a_chore_that_fails_does_not_stop_the_others(done: list[str]) -> None:
    def broken() -> int:
        raise DatabaseError("no such table")

    def sweep() -> int:
        done.append("sweep")
        return 0

    periodic.register(broken)
    periodic.register(sweep)
    reconcile()
    assert done == ["sweep"]
