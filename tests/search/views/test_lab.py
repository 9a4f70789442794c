"""The Lab page: what it shows, starts and stops, whoever asks and however old what was kept is."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection
from jobs import transport
from search.evaluation import runs
from search.models import Evaluation
from tests.codes import notes

pytestmark = pytest.mark.django_db
LAB = reverse("search:lab")


def figures(value: float) -> dict[str, float]:
    return {"map": value, "p_at_1": value, "p_at_5": value, "recall_at_10": value, "ns": 4 * value, "pair_ap": value}


def document(value: float = 0.5, **more: Any) -> dict[str, Any]:
    """What a measurement by labels leaves, in short."""
    advice = {"threshold": 0.4167, "precision": 0.96, "recall": 0.25, "f1": 0.4}
    return {
        "kind": "labels",
        "images": 1200,
        "queries": 300,
        "methods": {"color": figures(value), "deep": figures(value + 0.25)},
        "fused": {"default": figures(value + 0.2)},
        "reference": {"raw_sum": figures(0.1)},
        "curves": {"methods": {"color": [1.0] * 51 + [0.0] * 50}, "fused": {"default": [1.0] * 101}, "reference": {}},
        "curves_of": "queries",
        "thresholds": {
            "methods": {"color": {"precision_95": None, "precision_99": None, "best_f1": advice}},
            "fused": {"default": {"precision_95": advice, "precision_99": None, "best_f1": advice}},
        },
        "reliability": {"color": {"pairs": 500, "levels": [0.5, 1.0], "claimed": [0.5, 1.0], "observed": [0.6, 0.9]}},
        "index": None,
        "versions": {"color": "hsv-3"},
        "weights": {"default": {"color": 0.3, "deep": 0.0}},
        "generation": 7,
        "seconds": 12.0,
        **more,
    }


def kept(found: dict[str, Any], kind: str = "labels", collection: Collection | None = None) -> Evaluation:
    return runs.keep(kind, collection, None, found)


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create(username="staff", is_staff=True))
    return client


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> list[tuple[object, ...]]:
    """Write down what would be sent to Redis."""
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr(transport, "send", lambda *what, job_id="": found.append(what) or True)
    return found


def page(client: Client, address: str = LAB) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_it_works(client: Client) -> None:
    kept(document())
    text = page(client)
    assert "Labels, all images" in text
    for fact in ("1,200 images", "300 queries", "12 s", "generation 7"):
        assert fact in text
    assert "0.750" in text
    assert 'id="curves-title"' in text
    assert 'id="reliability-title"' in text
    assert "≥ 41.7" in text
    assert "finds 25 %" in text
    assert "96 % right, finds 25 %" in text
    assert "Search was exact" in text
    assert "hsv-3" in text
    assert 'id="copies-title"' not in text


def test_an_empty_lab_says_what_to_do(client: Client) -> None:
    text = page(client)
    assert "none_yet" in notes(text)
    assert "log in" in text
    assert "manage.py evaluate" in text


def test_another_beside_shows_the_changes(client: Client) -> None:
    old, new = kept(document(0.4)), kept(document(0.5))
    text = page(client, f"{LAB}?run={new.pk}&beside={old.pk}")
    assert "+0.100" in text
    assert "changes" in notes(text)
    assert "−0.100" in page(client, f"{LAB}?run={old.pk}&beside={new.pk}")
    assert "same" in page(client, f"{LAB}?run={new.pk}&beside={kept(document(0.5)).pk}")


def test_other_images_beside_are_said_to_be_others(client: Client) -> None:
    old = kept(document(0.4), collection=Collection.objects.create(name="cats"))
    new = kept(document(0.5))
    text = page(client, f"{LAB}?run={new.pk}&beside={old.pk}")
    assert "other_images" in notes(text)
    assert "Labels, cats" in text
    assert "+0.100" in text


def test_other_kinds_beside_are_not_compared(client: Client) -> None:
    new, old = kept(document(0.5)), kept(document(0.4), kind="verdicts")
    text = page(client, f"{LAB}?run={new.pk}&beside={old.pk}")
    assert "other_kind" in notes(text)
    assert "+0.100" not in text


def test_the_course_over_time_is_drawn_of_the_same_kind_and_collection(client: Client) -> None:
    first = kept(document(0.4))
    kept(document(), collection=Collection.objects.create(name="cats"))
    assert "over time" not in page(client, f"{LAB}?run={first.pk}")
    kept(document(0.5))
    assert "mAP over time" in page(client, f"{LAB}?run={first.pk}")


def test_copies_are_shown_by_edit(client: Client) -> None:
    edits = {"flip": {"recall_at_1": 0.875, "map": 0.9}, "swirl": {"recall_at_1": 0.0, "map": 0.1}}
    found = document(
        left_out=["ssim"],
        edits={"methods": {"color": edits}, "fused": {"default": edits, "equal": edits}, "reference": {}},
    )
    for part in ("methods", "fused", "reference"):
        for each in found[part].values():
            each["recall_at_1"] = each["p_at_1"]
    text = page(client, f"{LAB}?run={kept(found, kind='copies').pk}")
    assert 'id="copies-title"' in text
    assert "Flipped" in text
    assert 'heat-9">0.88' in text
    assert "methods_left_out" in notes(text)
    assert ": Structure." in text
    assert "swirl" in text  # an edit that this program does not know


def test_methods_that_are_gone_keep_their_figures(client: Client) -> None:
    found = document()
    found["methods"]["astrology"] = figures(0.9)
    found["fused"]["horoscope"] = figures(0.9)
    text = page(client, f"{LAB}?run={kept(found).pk}")
    assert "astrology" in text
    assert "horoscope" in text


def test_what_an_old_measurement_lacks_is_left_out(client: Client) -> None:
    old = {"methods": {"color": {"map": 0.4}}, "images": 5, "queries": 2, "generation": None, "seconds": 1}
    run = kept(old)
    text = page(client, f"{LAB}?run={run.pk}&beside={kept(document()).pk}")
    assert "0.400" in text
    assert 'id="curves-title"' not in text
    kept(document())
    assert page(client, f"{LAB}?beside={run.pk}")


def test_an_index_is_compared_with_exact_search(client: Client) -> None:
    each = {"recall": 0.987, "exact_ms": 21.25, "index_ms": 3.5}
    text = page(client, f"{LAB}?run={kept(document(index={'methods': {'deep': each}, 'fused': each})).pk}")
    assert "0.987" in text
    assert "Recall@20" in text


@pytest.mark.parametrize("address", ["?run=999", "?run=x", "?beside=999", "?run=-1"])
def test_a_measurement_that_is_not_there_is_a_404(client: Client, address: str) -> None:
    assert client.get(LAB + address).status_code == 404


def test_failures_stay_in_the_list_with_their_reason(client: Client) -> None:
    run = runs.ask("labels", None, None)
    Evaluation.objects.filter(pk=run.pk).update(
        state="failed", error_code="message", error_params={"text": "No two alike."}
    )
    runs.evaluation.stop(runs.ask("copies", None, None).pk)
    text = page(client)
    assert "No two alike." in text
    assert "stopped" in text


def test_a_long_history_has_pages(client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    oldest = kept(document(0.123))
    for _ in range(31):
        kept(document())
    with django_assert_max_num_queries(8):
        text = page(client)
    assert f'value="{oldest.pk}"' not in text
    assert "Older ones" in text
    older = page(client, f"{LAB}?before={oldest.pk + 2}")
    assert f'value="{oldest.pk}"' in older
    assert "Newest" in older


def test_staff_start_measurements(staff: Client, sent: list[Any], django_capture_on_commit_callbacks: Any) -> None:
    cats = Collection.objects.create(name="cats")
    form = {"kind": "copies", "collection": cats.pk, "queries": "50"}
    with django_capture_on_commit_callbacks(execute=True):
        response = staff.post(reverse("search:lab_start"), form)
    assert response.status_code == 302
    run = Evaluation.objects.get()
    assert (run.kind, run.collection, run.max_queries, run.state) == ("copies", cats, 50, "waiting")
    assert sent == [("maintenance", "jobs.job.run", "evaluation", str(run.pk))]
    assert "waiting" in page(staff)
    assert "measured_already" in notes(page_after(staff, reverse("search:lab_start"), form))
    assert Evaluation.objects.count() == 1


def page_after(client: Client, address: str, form: dict[str, Any]) -> str:
    return client.post(address, form, follow=True).content.decode()


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"kind": "magic", "queries": "50"}, "Measured by: "),
        ({"kind": "labels", "queries": "7"}, "Queries at most: "),
        ({"kind": "labels", "queries": "50", "collection": "99"}, "Images: "),
        ({}, "Measured by: "),
    ],
)
def test_what_cannot_be_started_is_refused(staff: Client, form: dict[str, str], sentence: str) -> None:
    assert sentence in page_after(staff, reverse("search:lab_start"), form)
    assert not Evaluation.objects.exists()


def test_others_may_look_but_not_start(client: Client) -> None:
    run = runs.ask("labels", None, None)
    assert client.post(reverse("search:lab_start"), {"kind": "labels", "queries": "50"}).status_code == 403
    assert client.post(reverse("search:lab_stop", args=[run.pk])).status_code == 403
    assert Evaluation.objects.get().state == "waiting"
    assert "Stop" not in page(client)


def test_staff_stop_measurements(staff: Client) -> None:
    run = runs.ask("labels", None, None)
    address = reverse("search:lab_stop", args=[run.pk])
    assert "stopped" in notes(page_after(staff, address, {}))
    assert Evaluation.objects.get().state == "stopped"
    assert "ended_already" in notes(page_after(staff, address, {}))
    assert staff.post(reverse("search:lab_stop", args=[999])).status_code == 404


def test_what_failed_is_measured_again_by_those_who_may_start_it(
    staff: Client, client: Client, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    run = runs.ask("labels", None, None)
    address = reverse("search:lab_retry", args=[run.pk])
    staff.post(address)
    assert sent == []  # it waits already
    runs.evaluation.stop(run.pk)
    assert address in page(staff)
    with django_capture_on_commit_callbacks(execute=True):
        assert staff.post(address).headers["Location"] == LAB
    assert sent == [("maintenance", "jobs.job.run", "evaluation", str(run.pk))]
    assert Evaluation.objects.get().state == "waiting"
    Evaluation.objects.update(state="failed")
    client.logout()
    assert client.post(address).status_code == 403
    assert address not in page(client)


def test_progress_is_told_until_the_end(client: Client) -> None:
    run = runs.ask("copies", None, None)
    Evaluation.objects.filter(pk=run.pk).update(state="running", phase="copies", num_done=7, num_total=100)
    address = f"{reverse('search:lab_progress')}?watched={run.pk}"
    text = page(client, address)
    assert "7 of 100" in text
    assert 'max="100" value="7"' in text
    assert "<html" not in text
    assert "no_worker" in notes(text)  # no Redis here
    Evaluation.objects.filter(pk=run.pk).update(state="ready")
    assert client.get(address).headers["HX-Redirect"] == f"{LAB}?run={run.pk}"
    Evaluation.objects.filter(pk=run.pk).update(state="failed")
    assert client.get(address).headers["HX-Redirect"] == LAB
    assert page(client, f"{reverse('search:lab_progress')}?watched=x,,") == '<div id="lab-progress" > </div>'
