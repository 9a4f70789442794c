"""The page of weights: what it shows, who may change something, and what cannot be asked."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection
from jobs import transport
from search.methods import METHODS
from search.models import WeightAdoption, WeightSet
from search.weights import adopted
from search.weights.adopted import site_weights
from tests.codes import notes

pytestmark = pytest.mark.django_db
PAGE = "/lab/weights/"
STANDING = {"map": 0.5, "p_at_1": 0.25}


def figures(gain: float = 0.1, **sets: Any) -> dict[str, Any]:
    rankings = {
        "learned": {"map": 0.5 + gain, "p_at_1": 0.75},
        "default": STANDING,
        "equal": STANDING,
        "color": STANDING,
        "smell": STANDING,  # a method of other days
    }
    labels = {"questions": 1200, "groups": 60, "best_single": "color", "gain": gain, "gain_error": 0.02}
    return {
        "methods": ["color", "smell"],
        "images": 900,
        "compared_with": "default",
        "sets": {"labels": labels | {"rankings": rankings}, **sets},
    }


def learned(**values: Any) -> WeightSet:
    known = {"state": "ready", "source": "labels", "weights": {"color": 0.25, "deep": 0.75}, "figures": figures()}
    return WeightSet.objects.create(**(known | {"seconds": 3.0} | values))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The weights that the queue was asked to learn; it takes all."""
    asked: list[int] = []

    def send(queue: str, job: str, kind: str, pk: str, *, job_id: str) -> bool:
        assert (queue, job, kind, job_id) == ("maintenance", "jobs.job.run", "weight_set", f"weight_set-{pk}")
        asked.append(int(pk))
        return True

    monkeypatch.setattr(transport, "send_after_commit", send)
    return asked


def shown(client: Client, **parameters: Any) -> str:
    response = client.get(PAGE, parameters)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_it_works(admin_client: Client) -> None:
    row = learned(collection_name="Scans")
    text = shown(admin_client)
    assert f"Learned weights no. {row.pk}" in text
    assert notes(text) == ["own_weights", "better"]
    assert "mAP +0.100 ± 0.020" in text
    assert "1,200 queries" in text
    assert "60 groups" in text
    assert "0.600" in text
    assert "smell" in text
    assert reverse("search:weights_use", args=[row.pk]) in text
    assert reverse("search:weights_reset") not in text


def test_an_empty_page_offers_to_learn(admin_client: Client, client: Client) -> None:
    text = shown(admin_client)
    assert re.search(r"<details[^>]* open>", text)
    assert [name in text for name in ('value="labels"', 'value="copies"', 'value="verdicts"')] == [True] * 3
    text = shown(Client())
    assert notes(text) == ["own_weights", "needs_curator"]
    assert reverse("account_login") in text
    assert "manage.py learn_weights" in text


def test_staff_decide_and_go_back(admin_client: Client, admin_user: User) -> None:
    row = learned()
    response = admin_client.post(reverse("search:weights_use", args=[row.pk]), follow=True)
    text = " ".join(response.content.decode().split())
    assert "in_use_now" in notes(text)
    assert "in use" in text
    assert site_weights() == dict.fromkeys(METHODS, 0.0) | {"color": 0.25, "deep": 0.75}
    assert WeightAdoption.objects.get().decided_by == admin_user
    text = " ".join(admin_client.post(reverse("search:weights_reset"), follow=True).content.decode().split())
    assert "gone_back" in notes(text)
    assert WeightAdoption.objects.count() == 2
    assert text.count("by admin") == 3  # in use, and two decisions


@pytest.mark.parametrize("who", ["nobody", "member"])
@pytest.mark.parametrize("name", ["weights_use", "weights_retry", "weights_reset", "weights_learn"])
def test_only_staff_change_anything(client: Client, name: str, who: str, sent: list[int]) -> None:
    row = learned()
    if who == "member":
        client.force_login(User.objects.create_user("member"))
    address = reverse(f"search:{name}", args=[row.pk] if name in ("weights_use", "weights_retry") else [])
    assert client.post(address, {"sources": ["labels"]}).status_code == 403
    assert client.get(address).status_code == 405
    assert (WeightAdoption.objects.count(), WeightSet.objects.count(), sent) == (0, 1, [])
    assert reverse("search:weights_use", args=[row.pk]) not in shown(client)


def test_what_is_no_better_is_not_offered(admin_client: Client) -> None:
    row = learned(figures=figures(gain=-0.1))
    text = shown(admin_client)
    assert notes(text) == ["own_weights", "worse", "no_better"]
    assert "mAP −0.100 ± 0.020" in text
    assert reverse("search:weights_use", args=[row.pk]) not in text


def test_what_chance_does_is_called_equal(admin_client: Client) -> None:
    learned(figures=figures(gain=0.03))
    text = shown(admin_client)
    assert "equal" in notes(text)
    assert "mAP +0.030 ± 0.020" in text


def test_other_versions_are_warned_of(admin_client: Client) -> None:
    learned(versions={"color": "of old", "smell": "1"})
    text = shown(admin_client)
    assert "outdated" in notes(text)
    assert ": Color." in text


def test_weights_that_cannot_be_used_are_refused(admin_client: Client) -> None:
    row = learned(state="running")
    text = admin_client.post(reverse("search:weights_use", args=[row.pk]), follow=True).content.decode()
    assert "not_learned_yet" in notes(text)
    assert admin_client.post(reverse("search:weights_use", args=[4711])).status_code == 404
    assert not WeightAdoption.objects.exists()


def test_learning_is_asked_for_once(admin_client: Client, sent: list[int]) -> None:
    collection = Collection.objects.create(name="Scans")
    wanted = {"sources": ["labels", "copies"], "collection": collection.pk}
    text = admin_client.post(reverse("search:weights_learn"), wanted, follow=True).content.decode()
    row = WeightSet.objects.get()
    assert (row.source, row.collection, row.state, sent) == ("labels,copies", collection, "waiting", [row.pk])
    assert "Being learned" in text
    assert f"progress/?watched={row.pk}" in text
    text = admin_client.post(reverse("search:weights_learn"), wanted, follow=True).content.decode()
    assert "learned_already" in notes(text)
    assert len(sent) == 1


def test_without_redis_learning_waits(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "send_after_commit", lambda *_arguments, job_id="": False)
    text = admin_client.post(reverse("search:weights_learn"), {"sources": ["labels"]}, follow=True).content.decode()
    assert "queue_unreachable" in notes(text)
    assert WeightSet.objects.get().state == "waiting"


@pytest.mark.parametrize("wanted", [{}, {"sources": ["stars"]}, {"sources": ["labels"], "collection": 4711}])
def test_what_cannot_be_learned_from_is_said(admin_client: Client, wanted: dict[str, Any], sent: list[int]) -> None:
    text = admin_client.post(reverse("search:weights_learn"), wanted, follow=True).content.decode()
    assert "message-error" in text
    assert (WeightSet.objects.count(), sent) == (0, [])


def test_progress_is_told_until_it_ends(admin_client: Client) -> None:
    row = learned(state="running", phase="copies", num_done=7, num_total=100)
    address = reverse("search:weights_progress")
    text = " ".join(admin_client.get(address, {"watched": row.pk}).content.decode().split())
    assert "7 of 100" in text
    assert 'max="100" value="7"' in text
    WeightSet.objects.update(state="ready")
    assert admin_client.get(address, {"watched": row.pk}).headers["HX-Redirect"] == f"{PAGE}?set={row.pk}"
    WeightSet.objects.update(state="failed", error_code="message", error_params={"text": "too little"})
    assert admin_client.get(address, {"watched": f"{row.pk},x"}).headers["HX-Redirect"] == PAGE
    assert "too little" in shown(admin_client)
    assert 'hx-trigger="every 2s"' not in admin_client.get(address).content.decode()


def test_what_failed_is_learned_again_on_demand(admin_client: Client, sent: list[int]) -> None:
    row = learned(state="failed", error_code="collection_gone", error_params={"name": "Scans"})
    address = reverse("search:weights_retry", args=[row.pk])
    assert address in shown(admin_client)
    assert admin_client.post(address).headers["Location"] == PAGE
    row.refresh_from_db()
    assert (row.state, row.error_sentence, sent) == ("waiting", "", [row.pk])
    admin_client.post(address)  # it waits already
    assert sent == [row.pk]


@pytest.mark.parametrize("asked", ["4711", "x", "-1"])
def test_weights_that_are_not_there_are_not_found(client: Client, asked: str) -> None:
    learned(state="failed")
    assert client.get(PAGE, {"set": asked}).status_code == 404


def test_older_weights_can_be_shown(admin_client: Client) -> None:
    first, _second = learned(), learned()
    assert f"Learned weights no. {first.pk}" in shown(admin_client, set=first.pk)


def test_the_database_is_asked_as_often_for_many(
    client: Client, admin_user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(admin_user)
    adopted.adopt(learned(asked_by=admin_user), admin_user)
    with django_assert_num_queries(8):
        client.get(PAGE)
    for _number in range(3):
        client.force_login(admin_user)
    adopted.adopt(learned(asked_by=admin_user), admin_user)
    with django_assert_num_queries(8):
        client.get(PAGE)
