"""The contract of background work, held by every kind: found by itself, one factory each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from jobs import transport
from jobs.job import KINDS, Kind
from tests.jobs import errands
from tests.jobs.contract import JobContract
from tests.jobs.errands import Errand
from tests.jobs.factories import WAITING

pytestmark = pytest.mark.django_db
OF_TESTS = "errand"
NAMES = [OF_TESTS, *(name for name, kind in KINDS.items() if isinstance(kind, Kind))]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that would be sent to Redis."""
    found: list[str] = []

    def send(queue: str, job: str, *args: Any, job_id: str = "") -> bool:
        found.append(job_id)
        return True

    monkeypatch.setattr(transport, "send_after_commit", send)
    monkeypatch.setattr(transport, "queued_ids", lambda queue: set())
    return found


@pytest.fixture(params=NAMES)
def kind(request: pytest.FixtureRequest, sent: list[str], django_db_blocker: Any) -> Kind[Any]:
    if request.param == OF_TESTS:
        return errands.errands(lambda row, progress: None)
    found = KINDS[request.param]
    assert isinstance(found, Kind)
    return found


@pytest.fixture
def row(kind: Kind[Any]) -> Any:
    """A row that waits."""
    return Errand.objects.create(name="milk") if kind.name == OF_TESTS else WAITING[kind.name]()


def test_every_kind_is_tested() -> None:
    assert sorted(WAITING) == sorted(name for name in NAMES if name != OF_TESTS)


def doing(kind: Kind[Any], work: Callable[[Any, Any], Any]) -> Kind[Any]:
    """Return the kind with another work in the place of its own."""
    return replace(kind, work=work)


class TestEveryKind(JobContract):
    """Each test runs for every kind."""
