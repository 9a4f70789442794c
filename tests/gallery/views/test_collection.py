"""One collection: its images, its settings, and its end."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection, Image, Membership
from gallery.people.permissions import Permissions, permissions_of
from gallery.people.roles import Role
from gallery.signals import acted
from tests.codes import notes
from tests.gallery.members import client_of, make_member, make_person
from tests.gallery.rows import make_image, make_images
from tests.gallery.saying import codes

pytestmark = pytest.mark.django_db


@pytest.fixture
def pond() -> Collection:
    """A public collection of three images."""
    collection = Collection.objects.create(name="Pond", description="Herons\n\nand egrets")
    collection.images.add(*make_images(3))
    return collection


def _address(collection: Collection, part: str = "") -> str:
    return f"/collections/{collection.pk}/{part}"


# Its images


def test_it_works(admin_client: Client, pond: Collection) -> None:
    make_image("elsewhere.jpg")
    response = admin_client.get(_address(pond))
    page = response.content.decode()
    assert "3 images" in page
    assert "<p>and egrets</p>" in page
    assert "elsewhere.jpg" not in page
    assert len(response.context["images"]) == 3
    assert f"?collection={pond.pk}" in page, "the neighbors of an image are those of the collection"
    assert _address(pond, "settings/") in page


def test_it_is_filtered(admin_client: Client, pond: Collection) -> None:
    assert len(admin_client.get(_address(pond), {"q": "image-1"}).context["images"]) == 1
    assert notes(admin_client.get(_address(pond), {"q": "xyz"}).content.decode()) == ["none_passes"]


def test_more_images_come_by_themselves(admin_client: Client, pond: Collection) -> None:
    pond.images.add(*[make_image(f"more-{number}.jpg") for number in range(65)])
    first = admin_client.get(_address(pond))
    more = first.context["more"]
    part = admin_client.get(_address(pond) + more + "&part=1", headers={"HX-Request": "true"})
    assert len(part.context["images"]) == 8
    assert "<html" not in part.content.decode()


def test_an_empty_one_says_what_to_do(admin_client: Client) -> None:
    page = admin_client.get(_address(Collection.objects.create(name="New"))).content.decode()
    assert notes(page) == ["nothing_in_it"]
    assert "/upload/?collection=New" in page


def test_private_ones_are_not_there_for_others(pond: Collection) -> None:
    Collection.objects.filter(pk=pond.pk).update(private=True)
    for part in ("", "settings/", "delete/"):
        assert client_of(make_person(f"ada{part}", Role.CURATOR)).get(_address(pond, part)).status_code == 404
    member = make_person("bob")
    make_member(member, pond, Role.VIEWER)
    page = client_of(member).get(_address(pond)).content.decode()
    assert "private" in page
    assert _address(pond, "settings/") not in page


def test_the_number_of_queries_does_not_grow(
    admin_client: Client, pond: Collection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    admin_client.get(_address(pond))
    with django_assert_num_queries(8):
        admin_client.get(_address(pond))
    pond.images.add(*[make_image(f"more-{number}.jpg") for number in range(50)])
    with django_assert_num_queries(8):
        admin_client.get(_address(pond))
    pond.images.add(*[make_image(f"many-{number}.jpg") for number in range(50)])
    with django_assert_num_queries(9):  # what does not fit on the page is counted
        admin_client.get(_address(pond))


# Its settings


def _sent(client: Client, collection: Collection) -> dict[str, str]:
    page = client.get(_address(collection, "settings/")).content.decode()
    seen = re.search(r'name="seen" value="([^"]*)"', page)
    assert seen
    now = Collection.objects.get(pk=collection.pk)
    private = {"private": "on"} if now.private else {}
    return {"name": now.name, "description": now.description, "seen": unescape(seen[1])} | private


def test_settings_are_saved_and_told(pond: Collection) -> None:
    client = client_of(make_person("ada", Role.CURATOR))
    told: list[dict[str, Any]] = []

    def listen(**act: Any) -> None:
        told.append(act)

    acted.connect(listen)
    sent = _sent(client, pond) | {"name": "Lake", "description": "Wide"}
    response = client.post(_address(pond, "settings/"), sent)
    acted.disconnect(listen)
    assert codes(response) == ["saved"]
    pond.refresh_from_db()
    assert (pond.name, pond.description) == ("Lake", "Wide")
    assert [(act["subject"], act["details"]["before"]["name"], act["details"]["after"]["name"]) for act in told] == [
        ("Lake", "Pond", "Lake")
    ]


def test_who_closes_a_collection_stays_in_it(pond: Collection) -> None:
    user = make_person("ada", Role.CURATOR)
    client = client_of(user)
    client.post(_address(pond, "settings/"), _sent(client, pond) | {"private": "on"})
    assert Membership.objects.get(collection=pond).user == user
    assert client.get(_address(pond, "settings/")).status_code == 200


def test_two_windows_that_change_the_same_are_asked(admin_client: Client, pond: Collection) -> None:
    first, second = _sent(admin_client, pond), _sent(admin_client, pond)
    admin_client.post(_address(pond, "settings/"), first | {"name": "Lake"})
    response = admin_client.post(_address(pond, "settings/"), second | {"name": "Shore"})
    page = response.content.decode()
    assert response.status_code == 409
    assert "Lake" in page
    assert 'value="Shore"' in page
    assert Collection.objects.get(pk=pond.pk).name == "Lake"
    third = second | {"description": "Wide"}
    assert admin_client.post(_address(pond, "settings/"), third).status_code == 302
    assert Collection.objects.get(pk=pond.pk).name == "Lake", "what this window did not touch stays"


def test_a_name_that_is_taken_is_refused(admin_client: Client, pond: Collection) -> None:
    Collection.objects.create(name="Lake")
    response = admin_client.post(_address(pond, "settings/"), _sent(admin_client, pond) | {"name": "Lake"})
    assert response.status_code == 400
    assert response.context["form"].has_error("name", "taken")
    assert "“Lake”" in response.content.decode()


# Its end


def test_its_images_stay(admin_client: Client, pond: Collection) -> None:
    question = admin_client.get(_address(pond, "delete/"))
    assert question.context["num_images"] == 3
    assert "data-lonely" not in question.content.decode()
    response = admin_client.post(_address(pond, "delete/"))
    assert codes(response) == ["deleted"]
    assert Image.objects.shown().count() == 3
    assert not Collection.objects.exists()


@pytest.mark.parametrize("fate", ["common", "trash"])
def test_what_becomes_of_images_that_only_it_shows_is_asked(admin_client: Client, pond: Collection, fate: str) -> None:
    lonely = make_image("lonely.jpg", common=False)
    lonely.collections.add(pond)
    held = make_image("held.jpg", common=False)
    held.collections.add(pond, Collection.objects.create(name="Lake"))
    assert 'data-lonely="1"' in admin_client.get(_address(pond, "delete/")).content.decode()
    response = admin_client.post(_address(pond, "delete/"))
    assert response.status_code == 400
    assert response.context["form"].has_error("images", "required")
    assert "errorlist" in response.content.decode()
    admin_client.post(_address(pond, "delete/"), {"images": fate})
    lonely.refresh_from_db()
    held.refresh_from_db()
    assert (lonely.common, lonely.trashed_at is not None) == (fate == "common", fate == "trash")
    assert (held.common, held.trashed_at) == (False, None)
    assert list(Collection.objects.values_list("name", flat=True)) == ["Lake"]


def test_images_that_only_it_shows_since_the_question_are_asked_about(
    admin_client: Client, pond: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, image = Collection.objects.create(name="Lake"), make_image(common=False)
    image.collections.add(pond, lake)

    def taken_out_meanwhile(user: Any) -> Permissions:
        image.collections.remove(lake)
        return permissions_of(user)

    monkeypatch.setattr("gallery.views.collection.permissions_of", taken_out_meanwhile)
    response = admin_client.post(_address(pond, "delete/"))
    assert response.status_code == 400
    assert 'data-lonely="1"' in response.content.decode()
    assert Collection.objects.filter(pk=pond.pk).exists()


def test_members_cannot_publish_to_all() -> None:
    """Who is a viewer of the site and curates a private collection sends its images to the trash, or keeps it."""
    user = make_person("ada")
    own = Collection.objects.create(name="Own", private=True)
    make_member(user, own, Role.CURATOR)
    image = make_image(common=False)
    image.collections.add(own)
    client = client_of(user)
    assert "common library: everybody" not in client.get(_address(own, "delete/")).content.decode()
    assert client.post(_address(own, "delete/"), {"images": "common"}).status_code == 400
    assert Collection.objects.exists()
