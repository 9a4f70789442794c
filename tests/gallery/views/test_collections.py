"""The list of collections, and making one."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection, Image, Membership
from gallery.people.roles import Role
from tests.codes import form_codes, notes
from tests.gallery.members import client_of, make_member, make_person
from tests.gallery.rows import make_image, make_images

pytestmark = pytest.mark.django_db
PAGE = "/collections/"


def test_it_works(admin_client: Client) -> None:
    """A card shows the newest four of what is shown, and how many there are."""
    collection = Collection.objects.create(name="Pond", description="Herons and egrets")
    images = make_images(8)
    collection.images.add(*images)
    Image.objects.filter(pk=images[7].pk).update(hidden=True)
    Image.objects.filter(pk=images[6].pk).update(trashed_at=timezone.now())
    page = admin_client.get(PAGE)
    ((card, pictures),) = page.context["cards"]
    assert (card, card.num_images) == (collection, 6)
    assert pictures == images[5:1:-1]
    text = page.content.decode()
    assert "6 images" in text
    assert "Herons and egrets" in text


def test_without_any_it_says_what_they_are(admin_client: Client) -> None:
    assert "No collections yet" in admin_client.get(PAGE).content.decode()


def test_private_ones_are_for_their_members() -> None:
    private = Collection.objects.create(name="Own", private=True)
    Collection.objects.create(name="Pond")
    member, other = make_person("ada"), make_person("bob")
    make_member(member, private, Role.VIEWER)
    assert "Own" in client_of(member).get(PAGE).content.decode()
    page = client_of(other).get(PAGE).content.decode()
    assert "Own" not in page
    assert "Pond" in page


def test_pages_follow_one_another_by_name(admin_client: Client) -> None:
    for number in range(50):
        Collection.objects.create(name=f"Pond {number:02}")
    first = admin_client.get(PAGE, {"q": "pond"})
    assert [str(card) for card, _pictures in first.context["cards"]][::47] == ["Pond 00", "Pond 47"]
    second = admin_client.get(PAGE + first.context["more"])
    assert [str(card) for card, _pictures in second.context["cards"]] == ["Pond 48", "Pond 49"]
    assert second.context["more"] == ""
    assert notes(admin_client.get(PAGE, {"q": "lake"}).text) == ["none_found"]


def test_the_number_of_queries_does_not_grow(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    images = make_images(9)
    for number in range(40):
        if number in (2, 39):
            admin_client.get(PAGE)
            with django_assert_num_queries(4):
                admin_client.get(PAGE)
        Collection.objects.create(name=f"Pond {number:02}").images.add(*images[: number % 9 + 1])


# Making one


def test_a_public_one_is_made() -> None:
    user = make_person("ada", Role.CONTRIBUTOR)
    response = client_of(user).post("/collections/new/", {"name": "  Grey   herons ", "description": "At the pond"})
    made = Collection.objects.get()
    assert (made.name, made.description, made.private) == ("Grey herons", "At the pond", False)
    assert response.headers["Location"] == f"/collections/{made.pk}/"
    assert not Membership.objects.exists()


def test_who_makes_a_private_one_is_its_curator() -> None:
    user = make_person("ada", Role.CONTRIBUTOR)
    client_of(user).post("/collections/new/", {"name": "Own", "private": "on"})
    assert Collection.objects.get().private
    assert Membership.objects.get().role == Role.CURATOR


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"name": "Pond"}, "taken"),
        ({"name": " "}, "required"),
        ({"name": "x" * 121}, "max_length"),
        ({"name": "Lake", "description": "x" * 2001}, "max_length"),
    ],
)
def test_unusable_input_makes_none_and_stays(admin_client: Client, asked: dict[str, str], code: str) -> None:
    Collection.objects.create(name="Pond")
    response = admin_client.post("/collections/new/", {"description": "Keep me", **asked})
    page = response.content.decode()
    assert response.status_code == 400
    assert form_codes(response.context["form"]) == {code}
    assert asked.get("description", "Keep me") in page
    assert Collection.objects.count() == 1


def test_visitors_log_in_first(client: Client) -> None:
    make_image()
    assert client.get("/collections/new/").status_code == 302
    assert client.get(PAGE).status_code == 200
