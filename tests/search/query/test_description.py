"""Uploaded queries described by the interactive worker, and what becomes of those that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image as Picture

from jobs import transport
from search.exceptions import WeightsError
from search.features import stored_vectors
from search.models import Query
from search.query.description import uploaded_query
from search.query.pipeline import for_upload, run_query
from search.query.uploads import store_query
from tests.gallery.blob_files import query_path
from tests.search.plug_ins import Gray, Picky

pytestmark = pytest.mark.django_db
PlugIn = Callable[..., None]


@pytest.fixture
def query(tmp_path: Path, picture: np.ndarray) -> Query:
    Picture.fromarray(picture).save(tmp_path / "a.png")
    with (tmp_path / "a.png").open("rb") as file:
        return store_query(file, "a.png")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """Write down what would be sent to Redis."""
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr(transport, "send", lambda *what, job_id="": found.append(what) or True)
    monkeypatch.setattr(transport, "queued_ids", lambda name: set())
    return found


def test_a_query_becomes_ready(plug_in_methods: PlugIn, query: Query, picture: np.ndarray) -> None:
    plug_in_methods(Gray)
    uploaded_query.run(query.pk)
    query.refresh_from_db()
    assert (query.state, query.attempts) == ("ready", 1)
    assert query.vectors is not None
    np.testing.assert_array_equal(stored_vectors.unpack_query(query.vectors)[0]["gray"], Gray().describe([picture])[0])


def test_a_query_whose_file_is_away_is_tried_again(
    plug_in_methods: PlugIn,
    query: Query,
    sent: list[tuple[object, ...]],
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    plug_in_methods(Gray)
    path = query_path(query.pk)
    away = path.rename(path.with_suffix(".away"))
    uploaded_query.run(query.pk)
    query.refresh_from_db()
    assert (query.state, query.error_code, query.attempts) == ("running", "upload_unavailable", 1)
    uploaded_query.run(query.pk)  # too early
    Query.objects.update(leased_until=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        assert uploaded_query.resume() == 1
    assert sent == [("interactive", "jobs.job.run", "query", str(query.pk))]
    away.rename(path)
    uploaded_query.run(query.pk)
    query.refresh_from_db()
    assert (query.state, query.error_code, query.attempts) == ("ready", "", 2)


def test_a_query_whose_file_stays_away_says_so(plug_in_methods: PlugIn, query: Query) -> None:
    plug_in_methods(Gray)
    query_path(query.pk).unlink()
    for _time in range(3):
        Query.objects.update(leased_until=timezone.now())
        uploaded_query.run(query.pk)
    query.refresh_from_db()
    assert (query.state, query.error_code) == ("failed", "upload_unavailable")


def test_a_query_that_one_method_cannot_describe_is_ready_and_says_why(
    plug_in_methods: PlugIn, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in_methods(Gray, Picky)

    def fail(*_args: object) -> None:
        raise WeightsError("siamese_missing", content="1-other")

    monkeypatch.setattr(Picky, "describe", fail)
    uploaded_query.run(query.pk)
    query.refresh_from_db()
    assert (query.state, query.error_code) == ("ready", "methods_failed")
    ((code, params),) = query.error_params["errors"]
    assert (code, params) == ("siamese_missing", {"content": "1-other"})
    answer = run_query(for_upload(query.pk), {"gray": 1.0, "picky": 1.0})
    assert {name: reason.code for name, reason in answer.missing_methods.items()} == {"picky": "methods_failed"}
