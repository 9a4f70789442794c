"""Features under the contract of background work: their rows are claimed a batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gallery.models import Image
from jobs.job import KINDS
from search.background import tasks
from search.features import leases, wanted_rows
from search.models import Feature
from tests.jobs.contract import RowContract
from tests.search.plug_ins import Gray

pytestmark = pytest.mark.django_db


class Features:
    """Feature rows, claimed and done one at a time."""

    name = "feature"
    rows = Feature.objects

    def __init__(self, sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent, self.monkeypatch = sent, monkeypatch

    def claim(self, pk: int) -> Feature | None:
        held = leases.lease(1, [self._image_id(pk)])
        return Feature.objects.get(pk=pk) if held else None

    def free_lost(self) -> int:
        return leases.expire_leases()

    def resume(self) -> int:
        return KINDS["feature"].resume()

    def reclaim(self) -> int:
        return KINDS["feature"].reclaim()

    def retry(self, pk: int) -> bool:
        retried = wanted_rows.retry_failed([self._image_id(pk)])
        return bool(retried and tasks.enqueue_extraction())

    def job_id(self, pk: int) -> str:
        return "search.background.tasks.extract_features"

    def doing(self, work: Callable[[Any, Any], Any]) -> Features:
        self.monkeypatch.setattr(Gray, "describe", lambda method, images: work(method, None))
        return self

    def run(self, pk: int) -> None:
        tasks.extract_features([self._image_id(pk)])

    def _image_id(self, pk: int) -> int:
        return Feature.objects.get(pk=pk).image_id


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that would be sent to Redis."""
    found: list[str] = []
    monkeypatch.setattr("jobs.transport.send_after_commit", lambda queue, job, *args: found.append(job) or True)
    monkeypatch.setattr("jobs.transport.num_queued", lambda queue: 0)
    return found


@pytest.fixture
def kind(plug_in_methods: Callable[..., None], sent: list[str], monkeypatch: pytest.MonkeyPatch) -> Features:
    plug_in_methods(Gray)
    return Features(sent, monkeypatch)


@pytest.fixture
def row(kind: Features, stored_image: Callable[..., Image]) -> Feature:
    return stored_image().features.get()


class TestFeatures(RowContract):
    def doing(self, kind: Any, work: Callable[[Any, Any], Any]) -> Any:
        return kind.doing(work)
