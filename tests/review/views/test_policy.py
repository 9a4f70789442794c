"""How a collection wants its pairs judged: shown to all who see it, changed by its curators."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from gallery.models import Collection, Membership
from gallery.people.roles import Role
from review.models import AuditRow, ReviewPolicy
from review.views.policy import KEPT
from tests.codes import notes
from tests.review.people import person
from tests.review.queues.rows import make_queue

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def birds() -> Collection:
    return Collection.objects.create(name="birds")


def policy(birds: Collection) -> str:
    return reverse("review:policy", args=[birds.pk])


def test_it_works(client: Client, birds: Collection) -> None:
    client.force_login(person("cora", Role.CURATOR))
    make_queue(1, collection=birds)
    text = " ".join(client.get(policy(birds), headers=HTMX).content.decode().split())
    assert "<html" not in text
    assert 'name="two_readers"' in text
    assert 'data-open="1"' in text
    said = client.post(policy(birds), {"two_readers": "on"}, headers=HTMX).content.decode()
    assert notes(said) == ["kept"]
    assert str(KEPT) in said
    assert "checked" in said
    assert ReviewPolicy.objects.get().two_readers
    (told,) = AuditRow.objects.all()
    assert (told.subject, told.details["two_readers"]) == ("birds", True)
    client.post(policy(birds), {}, headers=HTMX)
    assert not ReviewPolicy.objects.get().two_readers


def test_without_scripts_it_is_a_page(client: Client, birds: Collection) -> None:
    client.force_login(person("cora", Role.CURATOR))
    assert "Review of birds" in client.get(policy(birds)).content.decode()
    response = client.post(policy(birds), {"two_readers": "on"}, follow=True)
    assert response.redirect_chain == [(policy(birds), 302)]
    assert notes(response.content.decode()) == ["kept"]


def test_others_read_it(client: Client, birds: Collection) -> None:
    client.force_login(person("rob"))
    assert notes(client.get(policy(birds)).content.decode()) == ["one_reader"]
    assert client.post(policy(birds), {"two_readers": "on"}).status_code == 403
    assert not ReviewPolicy.objects.exists()
    ReviewPolicy.objects.create(collection=birds, two_readers=True)
    assert notes(client.get(policy(birds)).content.decode()) == ["two_readers"]


def test_curators_of_the_collection_change_it(client: Client, birds: Collection) -> None:
    rob = person("rob")
    client.force_login(rob)
    Membership.objects.create(collection=birds, user=rob, role=Role.CURATOR)
    assert client.post(policy(birds), {"two_readers": "on"}).status_code == 302
    assert ReviewPolicy.objects.get().two_readers


def test_private_collections_are_unknown_to_others(client: Client, birds: Collection) -> None:
    Collection.objects.update(private=True)
    client.force_login(person("rob"))
    assert client.get(policy(birds)).status_code == 404
