"""Learning as a piece of work: whatever happens to the worker, the row tells the truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser, User
from django.core.management import call_command
from django.utils import timezone

from gallery.models import Collection
from search.exceptions import SearchError
from search.generations import snapshot
from search.models import WeightAdoption, WeightSet
from search.scoring.fusion import DEFAULT_WEIGHTS
from search.weights import learning_job
from search.weights.adopted import site_weights
from tests.codes import command_refused, refused
from tests.search.scenes import store_scenes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    yield
    snapshot.forget()


def later(row: WeightSet) -> WeightSet:
    row.refresh_from_db()
    return row


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("learn_weights", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_it_works(rng: np.random.Generator, admin_user: User) -> None:
    store_scenes(rng)
    row = learning_job.ask(["labels"], Collection.objects.get(), admin_user)
    assert (row.state, row.source, row.collection_name, row.asked_by) == ("waiting", "labels", "scenes", admin_user)
    learning_job.weight_set.run(row.pk)
    assert (later(row).state, row.error_sentence, row.phase) == ("ready", "", "")
    assert sum(row.weights.values()) == pytest.approx(1)
    assert set(row.weights) == set(DEFAULT_WEIGHTS)
    assert set(row.versions) == {"color", "ssim"}
    found = row.figures["sets"]["labels"]
    assert (found["questions"], found["groups"]) == (12, 3)
    assert set(found["rankings"]) == {"learned", "default", "equal", "color", "ssim"}
    assert site_weights() == DEFAULT_WEIGHTS


def test_weights_in_use_are_what_others_are_compared_with(rng: np.random.Generator) -> None:
    store_scenes(rng)
    WeightAdoption.objects.create(weights={"color": 1.0})
    row = learning_job.ask(["labels"])
    learning_job.weight_set.run(row.pk)
    assert later(row).figures["compared_with"] == "in_use"
    rankings = row.figures["sets"]["labels"]["rankings"]
    assert rankings["in_use"] == rankings["color"]


def test_a_job_that_comes_twice_learns_once(monkeypatch: pytest.MonkeyPatch) -> None:
    row = learning_job.ask(["labels"], user=AnonymousUser())
    WeightSet.objects.filter(pk=row.pk).update(state="running", leased_until=timezone.now() + timedelta(minutes=1))
    monkeypatch.setattr(learning_job, "gather", lambda *_arguments: pytest.fail("it was learned again"))
    learning_job.weight_set.run(row.pk)


def test_progress_is_kept_on_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    row = learning_job.ask(["copies"])

    def gathered(sources: list[str], collection_id: int | None, max_queries: int, progress: Any) -> Any:
        progress("copies", 7, 100)
        assert (later(row).state, row.phase, row.num_done, row.num_total) == ("running", "copies", 7, 100)
        progress("copies", 8, 100)
        assert later(row).num_done == 7  # not each one: a second has not passed
        raise SearchError("too little")

    monkeypatch.setattr(learning_job, "gather", gathered)
    learning_job.weight_set.run(row.pk)
    assert (later(row).state, row.error_sentence, row.phase) == ("failed", "too little", "")


def test_too_little_to_learn_from_is_said() -> None:
    row = learning_job.ask(["labels"])
    learning_job.weight_set.run(row.pk)
    assert (later(row).state, row.error_code) == ("failed", "too_few_labels")


def test_a_collection_that_went_is_said() -> None:
    collection = Collection.objects.create(name="some")
    row = learning_job.ask(["labels"], collection)
    collection.delete()
    learning_job.weight_set.run(row.pk)
    assert (later(row).error_code, row.error_params) == ("collection_gone", {"name": "some"})


def test_an_unknown_source_is_not_asked_for() -> None:
    with refused(SearchError, "no_such_source", name="stars"):
        learning_job.ask(["stars"])
    assert not WeightSet.objects.exists()


def test_improvement_is_judged_over_all_sets() -> None:
    def figures(*pairs: tuple[float, float]) -> dict[str, Any]:
        sets = {
            f"{n}": {"rankings": {"learned": {"map": learned}, "default": {"map": before}}}
            for n, (learned, before) in enumerate(pairs)
        }
        return {"compared_with": "default", "sets": sets}

    assert learning_job.improves(figures((0.6, 0.5), (0.9, 0.95)))
    assert not learning_job.improves(figures((0.5, 0.5)))
    assert not learning_job.improves(figures((0.6, 0.5), (0.4, 0.5)))
    assert learning_job.improves(figures((0.1, 0.0)))


def test_the_command_tells_and_applies(rng: np.random.Generator) -> None:
    store_scenes(rng)
    text = command("--from", "labels")
    assert "labels: 12 " in text
    found = json.loads(command("--from", "labels", "--json"))
    assert found["from"] == ["labels"]
    assert found["applied"] is False
    assert set(found["sets"]["labels"]["rankings"]) == {"learned", "default", "equal", "color", "ssim"}
    assert not WeightAdoption.objects.exists()


def test_only_what_is_better_is_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    def learn(better: float) -> None:
        def work(row: WeightSet, progress: Any) -> dict[str, Any]:
            sets = {"labels": {"rankings": {"learned": {"map": better}, "default": {"map": 0.5}}}}
            return {
                "weights": {"color": 1.0},
                "figures": {"compared_with": "default", "sets": sets},
                "seconds": 1.0,
            }

        monkeypatch.setattr(learning_job, "weight_set", replace(learning_job.weight_set, work=work))

    learn(0.5)
    with command_refused("learned_no_better"):
        command("--from", "labels", "--apply", "--json")
    assert site_weights() == DEFAULT_WEIGHTS
    learn(0.6)
    assert json.loads(command("--from", "labels", "--apply", "--json"))["applied"] is True
    assert site_weights()["color"] == 1.0


def test_the_command_can_be_stopped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Work that was stopped is not said to go on: it could not be asked for again until it was given up."""

    def stop(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(learning_job, "gather", stop)
    with pytest.raises(SystemExit) as ended:
        call_command("learn_weights", "--from", "labels")
    assert ended.value.code == 130
    assert capsys.readouterr().err.startswith("Stopped")
    (row,) = WeightSet.objects.all()
    assert (row.state, row.has_ended) == ("stopped", True)


@pytest.mark.parametrize(
    ("arguments", "code", "returncode"),
    [
        (["--from", "stars"], "no_such_source", 2),
        (["--from", "labels", "--max-queries", "3"], "number_too_small", 2),
        (["--from", "labels", "--collection", "none"], "no_collection_named", 1),
        (["--from", "labels"], "too_few_labels", 1),
    ],
)
def test_the_command_refuses(arguments: list[str], code: str, returncode: int) -> None:
    with command_refused(code) as raised:
        command(*arguments)
    assert raised.value.returncode == returncode
