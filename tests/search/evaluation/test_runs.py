"""Measurements as rows: whatever happens to the worker, the row tells the truth."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db.models.signals import post_save

from gallery.models import Collection, Image
from search.evaluation import runs
from search.models import Evaluation

pytestmark = pytest.mark.django_db
DOCUMENT = {"kind": "labels", "methods": {"color": {"map": 0.5}}, "fused": {}, "generation": 3, "seconds": 1.5}


def later(run: Evaluation) -> Evaluation:
    run.refresh_from_db()
    return run


def test_it_works(labelled: list[Image]) -> None:
    user = User.objects.create(username="staff")
    run = runs.ask("labels", Collection.objects.get(), None, user)
    assert (run.state, run.max_queries, run.collection_name, run.asked_by) == ("waiting", 2000, "scenes", user)
    runs.evaluation.run(run.pk)
    assert later(run).state == "ready"
    assert run.document["queries"] == 12
    assert run.summary["figure"] == "map"
    assert run.summary["methods"]["ssim"] == run.document["methods"]["ssim"]["map"]
    assert (run.phase, run.error_sentence) == ("", "")


def test_a_job_that_comes_twice_measures_once(labelled: list[Image], monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.ask("labels", None, 3)
    runs.evaluation.run(run.pk)
    monkeypatch.setattr(runs, "measure", lambda *_args, **_options: pytest.fail("it was measured again"))
    runs.evaluation.run(run.pk)


def test_progress_is_kept_on_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.ask("copies", None, None, AnonymousUser())

    def measured(kind: str, *, progress: Any, **_options: Any) -> dict[str, Any]:
        progress("copies", 7, 100)
        assert (later(run).state, run.phase, run.num_done, run.num_total) == ("running", "copies", 7, 100)
        progress("copies", 8, 100)
        assert later(run).num_done == 7  # not each one: a second has not passed
        return DOCUMENT

    monkeypatch.setattr(runs, "measure", measured)
    runs.evaluation.run(run.pk)
    assert later(run).document == DOCUMENT
    assert run.asked_by is None


def test_a_stopped_measurement_ends_and_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.ask("copies", None, None)

    def measured(kind: str, *, progress: Any, **_options: Any) -> dict[str, Any]:
        assert runs.evaluation.stop(run.pk)
        progress("copies", 1, 100)
        pytest.fail("it went on")

    monkeypatch.setattr(runs, "measure", measured)
    runs.evaluation.run(run.pk)
    assert (later(run).state, run.document) == ("stopped", {})
    assert not runs.evaluation.stop(run.pk)


def test_a_stopped_measurement_is_not_taken_up() -> None:
    run = runs.ask("copies", None, None)
    runs.evaluation.stop(run.pk)
    runs.evaluation.run(run.pk)
    assert (later(run).state, run.document) == ("stopped", {})


def test_what_was_measured_without_a_worker_never_waits_for_one() -> None:
    states: list[str] = []

    def note(instance: Evaluation, **_about: Any) -> None:
        states.append(Evaluation.objects.get(pk=instance.pk).state)

    post_save.connect(note, Evaluation)
    try:
        run = runs.keep("labels", None, None, DOCUMENT)
    finally:
        post_save.disconnect(note, Evaluation)
    assert states == ["ready"]
    assert (later(run).document, run.max_queries, run.seconds) == (DOCUMENT, 2000, 1.5)
    assert runs.evaluation.claim(run.pk) is None


def test_what_cannot_be_measured_says_why() -> None:
    run = runs.ask("labels", None, None)
    runs.evaluation.run(run.pk)
    assert (later(run).state, run.error_code) == ("failed", "no_label_shared")


def test_a_collection_that_is_gone_is_not_taken_for_everything(labelled: list[Image]) -> None:
    run = runs.ask("labels", Collection.objects.get(), None)
    Collection.objects.all().delete()
    runs.evaluation.run(run.pk)
    assert (later(run).error_code, run.error_params) == ("collection_gone", {"name": "scenes"})
