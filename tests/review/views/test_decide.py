"""Deciding about a pair on a page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from gallery.models import Account, Collection, Image, Membership
from gallery.people.roles import Role
from jobs.errors import sentence
from review.exceptions import VerdictError
from review.models import Verdict
from review.verdicts.record import record
from search.generations import collection_calibration, snapshot
from tests.codes import notes
from tests.gallery.rows import make_image
from tests.review.people import person
from tests.search.library import add_library

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def ada(client: Client) -> User:
    """A reviewer who has logged in."""
    user = person("ada")
    client.force_login(user)
    return user


@pytest.fixture
def pair() -> tuple[Image, Image]:
    return make_image("heron.jpg"), make_image("ferry.jpg")


def post(client: Client, pair: tuple[Image, Image], *, htmx: bool = True, **data: Any) -> HttpResponse:
    fields = {"first": pair[0].pk, "second": pair[1].pk, "kind": "same", "seen": 0, "next": "/search/", **data}
    response: HttpResponse = client.post(reverse("review:decide"), fields, headers=HTMX if htmx else None)
    return response


def decide(image: Image, other: Image, kind: str, name: str = "bob") -> Verdict:
    return record(image.sha256, other.sha256, kind, author_name=name)


def test_it_works(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    response = post(client, pair, note="one\r\nframe", weights="w_color=0.5&min=20")
    text = response.content.decode()
    assert response.status_code == 200
    assert notes(text) == ["recorded"]
    assert 'aria-pressed="true"' in text
    assert "<html" not in text
    kept = Verdict.objects.get()
    assert (kept.author, kept.kind, kept.note) == (ada, "same", "one\nframe")
    assert kept.state["weights"]["color"] == 0.5
    assert kept.state["thresholds"] == {"min": 20.0}
    assert set(kept.state) >= {"score", "versions", "generation", "methods", "first"}


def test_without_scripts_one_goes_back(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    response = post(client, pair, htmx=False, next="/search/?image=1")
    assert response.status_code == 302
    assert response.headers["Location"] == "/search/?image=1"
    assert [each.extra_tags for each in get_messages(response.wsgi_request)] == ["recorded"]


def test_one_is_never_sent_to_another_site(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    assert post(client, pair, htmx=False, next="https://evil.example/").headers["Location"] == "/review/verdicts/"


def test_unusable_weights_are_those_of_the_site(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    post(
        client,
        pair,
        weights="&".join(f"w_{name}=0" for name in ("color", "ssim", "texture", "deep", "phash", "local", "siamese")),
    )
    assert any(Verdict.objects.get().state["weights"].values())


def test_a_search_in_a_collection_is_judged_by_its_pairs(
    client: Client, ada: User, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the compare page shows it; a collection that is closed to who decides is no standard."""
    snapshot.forget()
    monkeypatch.setattr(collection_calibration, "MIN_IMAGES", 8)
    ids, _vectors = add_library(12, rng, ("color", "ssim"))
    birds = Collection.objects.create(name="birds")
    birds.images.set(ids.tolist())
    first, second = Image.objects.order_by("pk")[:2]
    post(client, (first, second), weights=f"collection={birds.pk}")
    assert Verdict.objects.get().state["background"] == "collection"
    birds.private = True
    birds.save()
    post(client, (first, second), weights=f"collection={birds.pk}", kind="related", seen=Verdict.objects.get().pk)
    assert Verdict.objects.latest("pk").state["background"] == "library"
    snapshot.forget()


def test_two_windows(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    post(client, pair)
    response = post(client, pair, kind="different", note="look again", seen=0)
    text = response.content.decode()
    assert response.status_code == 409
    assert notes(text) == ["decided_in_another_window"]
    assert 'data-newer="same"' in text
    assert 'name="kind" value="different"' in " ".join(text.split())  # the button that replaces it
    assert "look again</textarea>" in text
    assert Verdict.objects.count() == 1
    newest = Verdict.objects.get().pk
    assert f'name="seen" value="{newest}"' in text
    assert post(client, pair, kind="different", note="look again", seen=newest).status_code == 200
    assert [each.kind for each in Verdict.objects.all()] == ["different", "same"]


def test_two_windows_without_scripts(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    post(client, pair)
    response = post(client, pair, htmx=False, kind="different")
    assert response.status_code == 409
    assert "<html" in response.content.decode()
    assert 'data-newer="same"' in response.content.decode()


def test_a_deleted_image_loses_no_note(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    pair[1].delete()
    for htmx in (True, False):
        response = post(client, (pair[0], Image(pk=4711)), htmx=htmx, note="a long thought")
        assert response.status_code == 404
        assert notes(response.content.decode()) == ["image_gone"]
        assert "a long thought</textarea>" in response.content.decode()
    assert not Verdict.objects.exists()


def test_a_withdrawn_role_loses_no_note(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    Account.objects.update(role=Role.VIEWER)
    response = post(client, pair, note="a long thought")
    assert response.status_code == 403
    assert notes(response.content.decode())[0] == "role_for_both_images"
    assert not Verdict.objects.exists()


def test_both_images_must_be_ones_own_to_judge(client: Client, pair: tuple[Image, Image]) -> None:
    user = person("eve", Role.VIEWER)
    client.force_login(user)
    collection = Collection.objects.create(name="Birds")
    collection.images.add(pair[0])
    Membership.objects.create(collection=collection, user=user, role=Role.REVIEWER)
    assert post(client, pair).status_code == 403
    collection.images.add(pair[1])
    assert post(client, pair).status_code == 200


def test_private_images_are_not_there(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    Image.objects.filter(pk=pair[1].pk).update(common=False)
    assert post(client, pair).status_code == 404


def test_visitors_decide_nothing(client: Client, pair: tuple[Image, Image], settings: Any) -> None:
    settings.OPEN_ACCESS = True
    assert post(client, pair).status_code == 403
    assert not Verdict.objects.exists()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"kind": "alike"}, "invalid_choice"),
        ({"kind": "withdrawn"}, "invalid_choice"),
        ({"note": "x" * 2001}, "max_length"),
    ],
)
def test_refused(client: Client, ada: User, pair: tuple[Image, Image], data: dict[str, str], code: str) -> None:
    response = post(client, pair, **data)
    assert response.status_code == 400
    assert code in notes(response.text)
    assert not Verdict.objects.exists()


def test_a_pair_of_one_image_is_none(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    assert post(client, (pair[0], pair[0])).status_code == 404


def test_undo(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    post(client, pair)
    pk = Verdict.objects.get().pk
    response = client.post(reverse("review:undo", args=[pk]), {"next": "/"}, headers=HTMX)
    assert notes(response.content.decode()) == ["undone"]
    assert 'aria-pressed="true"' not in response.content.decode()
    again = client.post(reverse("review:undo", args=[pk]), {"next": "/"}, headers=HTMX)
    assert again.status_code == 409
    assert notes(again.content.decode()) == ["nothing_undone"]
    assert Verdict.objects.count() == 2
    assert client.post(reverse("review:undo", args=[4711])).status_code == 404


def test_undo_of_what_was_replaced_is_refused_also_when_an_image_is_gone(
    client: Client, ada: User, pair: tuple[Image, Image]
) -> None:
    """There is no pair to show it beside, so a message says so."""
    post(client, pair)
    first = Verdict.objects.get().pk
    post(client, pair, kind="different", seen=first)
    pair[1].delete()
    response = client.post(reverse("review:undo", args=[first]), {"next": "/upload/"})
    assert response.headers["Location"] == "/upload/"
    assert [each.extra_tags for each in get_messages(response.wsgi_request)] == ["nothing_undone"]
    assert Verdict.objects.count() == 2


def test_undo_brings_back_what_was_said_before(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    post(client, pair, note="at first sight")
    first = Verdict.objects.get()
    post(client, pair, kind="different", note="looked again", seen=first.pk)
    second = Verdict.objects.order_by("-pk")[0]
    text = client.post(reverse("review:undo", args=[second.pk]), headers=HTMX).content.decode()
    assert notes(text) == ["undone"]
    assert 'aria-pressed="true"' in text
    newest = Verdict.objects.order_by("-pk")[0]
    assert (newest.kind, newest.note, newest.state["undoes"]) == ("same", "at first sight", second.pk)


def test_a_verdict_that_cannot_be_kept_says_why(
    client: Client, ada: User, pair: tuple[Image, Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a pair of files that are the same bytes by now there is nothing to decide."""

    def refuse(*_args: object, **_about: object) -> None:
        raise VerdictError("same_file")

    monkeypatch.setattr("review.verdicts.decide.record", refuse)
    response = post(client, pair, note="a long thought")
    assert response.status_code == 400
    assert "same_file" in notes(response.content.decode())
    assert "a long thought</textarea>" in response.content.decode()
    assert not Verdict.objects.exists()


def test_undo_goes_on_when_an_image_is_gone(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    post(client, pair)
    pair[1].delete()
    response = client.post(reverse("review:undo", args=[Verdict.objects.get().pk]), {"next": "/upload/"})
    assert response.headers["Location"] == "/upload/"
    assert Verdict.objects.first().kind == "withdrawn"  # type: ignore[union-attr]


def test_undo_needs_the_role_still(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    """Who left a team takes nothing back that they decided in it."""
    vault = Collection.objects.create(name="vault", private=True)
    vault.images.set(pair)
    Image.objects.update(common=False)
    Membership.objects.create(collection=vault, user=ada, role=Role.REVIEWER)
    assert post(client, pair).status_code == 200
    Membership.objects.update(role=Role.VIEWER)
    for headers in (HTMX, {}):
        response = client.post(reverse("review:undo", args=[Verdict.objects.get().pk]), headers=headers)
        assert response.status_code == 403
        assert sentence("role_withdrawn", {"role": Role.REVIEWER.label}) in response.content.decode()
    assert Verdict.objects.count() == 1


def test_others_are_shown_and_disagreement_is_named(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    record(pair[0].sha256, pair[1].sha256, "different", author_name="bob", note="another bird")
    text = post(client, pair).content.decode()
    assert "disagree" in notes(text)
    assert "bob" in text
    assert "another bird" in text


def test_a_contradiction_names_its_chain(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    between = make_image("swan.jpg")
    decide(pair[0], between, "same")
    decide(between, pair[1], "same")
    text = post(client, pair, kind="different").content.decode()
    assert "contradiction" in notes(text)
    assert "swan.jpg" in text
    assert Verdict.objects.count() == 3


def test_same_contradicts_a_difference_elsewhere(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    third = make_image("swan.jpg")
    decide(pair[0], third, "same")
    decide(pair[1], third, "different")
    assert "contradiction" in notes(post(client, pair, kind="same").content.decode())


def test_what_is_implied_is_said(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    between = make_image("swan.jpg")
    decide(pair[0], between, "same")
    decide(between, pair[1], "same")
    assert "implied_same" in notes(post(client, pair, kind="unsure").content.decode())


def test_a_chain_through_a_private_image_is_not_told(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    between = make_image("swan.jpg", common=False)
    decide(pair[0], between, "same")
    decide(between, pair[1], "same")
    assert "swan.jpg" not in post(client, pair, kind="different").content.decode()


@pytest.mark.parametrize("others", [0, 20])
def test_the_number_of_database_queries_is_fixed(
    client: Client,
    ada: User,
    pair: tuple[Image, Image],
    others: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(others):
        decide(*pair, "related", f"reader {number}")
        decide(pair[0], make_image(f"{number}.jpg"), "different")
    post(client, pair)
    newest = Verdict.objects.filter(author=ada).latest("pk").pk
    with django_assert_num_queries(27 if connection.vendor == "sqlite" else 28):  # that waits for its turn in the audit
        assert post(client, pair, kind="related", seen=newest).status_code == 200
