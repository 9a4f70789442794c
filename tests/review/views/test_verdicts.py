"""The list of verdicts, and the history of a pair."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection, Image
from gallery.people.roles import Role
from review.models import Verdict
from review.verdicts.record import record
from review.views import verdicts as view
from tests.codes import notes
from tests.gallery.rows import make_images
from tests.review.people import person

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NUM_QUERIES = 8


@pytest.fixture
def ada(client: Client) -> User:
    """A reviewer who has logged in."""
    user = person("ada")
    client.force_login(user)
    return user


@pytest.fixture
def images() -> list[Image]:
    return make_images(4)


def decide(one: Image, other: Image, kind: str = "same", name: str = "bob", **about: Any) -> Verdict:
    return record(one.sha256, other.sha256, kind, author_name=name, **about)


def listing(client: Client, **parameters: object) -> str:
    response = client.get(reverse("review:verdicts"), parameters)
    assert response.status_code == 200
    text: str = response.content.decode()
    return text[text.index("<main") : text.index("</main>")]


def rows(text: str) -> int:
    return len(re.findall(r'class="verdict-row[ "]', text))


def test_it_works(client: Client, ada: User, images: list[Image]) -> None:
    decide(images[0], images[1], note="the same\nframe", state={"score": 0.874, "generation": 3})
    decide(images[2], images[3], "different", "cyd")
    text = listing(client)
    assert rows(text) == 2
    assert text.index("cyd") < text.index("bob")
    assert "the same<br>frame" in text
    assert "Score 87 at the time" in text
    assert "generation 3" in text
    assert reverse("gallery:media", args=["thumb", images[0].sha256]) in text


def test_an_empty_list_says_what_to_do(client: Client, ada: User) -> None:
    assert notes(listing(client)) == ["none_yet"]
    assert notes(listing(client, kind="same")) == ["none_passes"]


def test_what_was_replaced_or_withdrawn_is_shown_on_demand(client: Client, ada: User, images: list[Image]) -> None:
    decide(images[0], images[1], "same")
    decide(images[0], images[1], "different")
    decide(images[2], images[3], "same")
    decide(images[2], images[3], "withdrawn")
    assert rows(listing(client)) == 1
    text = listing(client, rows="all")
    assert rows(text) == 4
    assert text.count("decided again since") == 2


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        ({"kind": "same"}, 1),
        ({"author": "cyd"}, 2),
        ({"author": "nobody"}, 0),
        ({"collection": "birds"}, 1),
        ({"image": 0}, 2),
        ({"split": "on"}, 2),
        ({"split": "on", "kind": "different"}, 1),
    ],
)
def test_filters(client: Client, ada: User, images: list[Image], filters: dict[str, Any], number: int) -> None:
    decide(images[0], images[1], "same")
    decide(images[0], images[1], "different", "cyd")
    decide(images[2], images[3], "related", "cyd")
    birds = Collection.objects.create(name="Birds")
    birds.images.set(images[2:])
    known = {"collection": birds.pk, "image": images[0].pk}
    assert rows(listing(client, **{name: known.get(name, value) for name, value in filters.items()})) == number


@pytest.mark.parametrize(
    "filters", [{"kind": "alike"}, {"image": "x"}, {"collection": 4711}, {"before": "soon"}, {"author": "x" * 200}]
)
def test_unreadable_filters_filter_nothing(
    client: Client, ada: User, images: list[Image], filters: dict[str, str]
) -> None:
    decide(images[0], images[1])
    text = listing(client, **filters)
    assert rows(text) == 1
    assert ("field-error" in text) == ("before" not in filters)


def test_conflicts_are_counted(client: Client, ada: User, images: list[Image]) -> None:
    assert "split" not in notes(listing(client))
    decide(images[0], images[1], "same")
    decide(images[0], images[1], "different", "cyd")
    text = listing(client)
    assert 'data-note="split" data-number="1"' in " ".join(text.split())
    assert text.count("needs adjudication</span>") == 2
    decide(images[0], images[1], "different", "eve")
    assert "split" not in notes(listing(client))


def test_pages_follow_each_other(
    client: Client, ada: User, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "PAGE_SIZE", 2)
    for number in range(5):
        decide(images[0], images[1], name=f"reader {number}", decided_at=MOMENT + timedelta(days=number // 2))
    seen, parameters = [], dict[str, str]()
    while True:
        text = listing(client, **parameters)
        seen += [number for number in range(5) if f"reader {number}<" in text]
        if "before=" not in text:
            break
        parameters = {"before": text.split("before=")[1].split('"')[0]}
    assert sorted(seen) == [0, 1, 2, 3, 4]
    part = client.get(reverse("review:verdicts"), parameters, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert rows(part) == 1


@pytest.mark.parametrize("mark", ["-", "7", "x-7", "9" * 40 + "-1", "1772366400000000-" + "9" * 30])
def test_what_is_no_mark_begins_at_the_first(client: Client, ada: User, images: list[Image], mark: str) -> None:
    decide(images[0], images[1])
    assert rows(client.get(reverse("review:verdicts"), {"before": mark}).text) == 1


def test_pairs_one_may_not_see_are_not_there(client: Client, ada: User, images: list[Image]) -> None:
    decide(images[0], images[1])
    Image.objects.filter(pk=images[1].pk).update(common=False)
    assert rows(listing(client)) == 0
    assert client.get(reverse("review:pair", args=[images[0].sha256, images[1].sha256])).status_code == 404
    client.force_login(person("root", Role.ADMIN))
    assert rows(listing(client)) == 1


def test_conflicts_one_may_not_see_are_not_counted(client: Client, ada: User, images: list[Image]) -> None:
    decide(images[0], images[1], "same")
    decide(images[0], images[1], "different", "cyd")
    Image.objects.filter(pk=images[1].pk).update(common=False)
    assert "split" not in notes(listing(client))


def test_missing_images_are_named_to_authors_and_admins(client: Client, ada: User, images: list[Image]) -> None:
    record(images[0].sha256, images[1].sha256, "same", author=ada)
    decide(images[0], images[1], "different", "cyd")
    images[1].delete()
    text = listing(client)
    assert rows(text) == 1
    assert text.count("verdict-gone") == 1
    assert images[1].sha256[:12] in text
    client.force_login(person("root", Role.ADMIN))
    assert rows(listing(client)) == 2


def test_viewers_are_told_what_they_need(client: Client) -> None:
    client.force_login(person("eve", Role.VIEWER))
    assert client.get(reverse("review:verdicts")).status_code == 403


def test_the_history_of_a_pair(client: Client, ada: User, images: list[Image]) -> None:
    decide(images[0], images[1], "same", note="first thought")
    decide(images[0], images[1], "different")
    decide(images[0], images[1], "withdrawn")
    decide(images[0], images[2])
    address = reverse("review:pair", args=[images[1].sha256, images[0].sha256])
    text = client.get(address).content.decode()
    assert rows(text) == 3
    assert "first thought" in text
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert rows(part) == 3
    assert client.get(reverse("review:pair", args=["x", "y"])).status_code == 404


def test_ones_own_can_be_undone_even_without_the_images(client: Client, ada: User, images: list[Image]) -> None:
    verdict = record(images[0].sha256, images[1].sha256, "same", author=ada)
    decide(images[2], images[3])
    images[1].delete()
    text = listing(client)
    assert re.findall(r'action="([^"]+/undo/)"', text) == [reverse("review:undo", args=[verdict.pk])]
    client.post(reverse("review:undo", args=[verdict.pk]), {"next": reverse("review:verdicts")})
    assert rows(listing(client)) == 1


@pytest.mark.parametrize("number", [2, 45])
def test_the_number_of_database_queries_is_fixed(
    client: Client, ada: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    images = make_images(number + 1)
    for one, other in pairwise(images):
        decide(one, other, "same")
        decide(one, other, "different", "cyd")
    with django_assert_num_queries(NUM_QUERIES):
        assert rows(listing(client)) == min(2 * number, 50)
