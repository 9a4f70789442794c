"""Members of a collection: a part of its settings and a page, for its curators."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection, Membership
from gallery.people.roles import Role
from tests.codes import notes
from tests.gallery.members import client_of, make_member, make_person

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true"}


@pytest.fixture
def scans() -> Collection:
    return Collection.objects.create(name="Scans", private=True)


@pytest.fixture
def curator(scans: Collection) -> User:
    user = make_person("ada")
    make_member(user, scans, Role.CURATOR)
    return user


@pytest.fixture
def hers(curator: User) -> Client:
    return client_of(curator)


@pytest.fixture
def page(scans: Collection) -> str:
    return f"/collections/{scans.pk}/members/"


def test_it_works(hers: Client, page: str) -> None:
    bob = make_person("bob")
    assert "<html" in hers.get(page).content.decode()
    response = hers.post(page, {"person": "bob", "role": "30"}, headers=PART)
    html = response.content.decode()
    assert "<html" not in html
    assert notes(html) == ["member"]
    assert Membership.objects.get(user=bob).role == Role.REVIEWER
    assert hers.post(page, {"person": "bob", "role": "10"}).headers["Location"] == page
    assert Membership.objects.get(user=bob).role == Role.VIEWER
    assert notes(hers.post(page, {"remove": bob.pk}, headers=PART).content.decode()) == ["no_member"]
    assert not Membership.objects.filter(user=bob).exists()


def test_addresses_of_mail_are_known(hers: Client, page: str) -> None:
    User.objects.filter(pk=make_person("bob").pk).update(email="bob@example.org")
    hers.post(page, {"person": "BOB@example.org", "role": "20"})
    assert Membership.objects.get(user__username="bob").role == Role.CONTRIBUTOR


def test_a_user_name_comes_before_addresses_that_read_the_same(hers: Client, page: str) -> None:
    for name in ("tim", "tom"):
        User.objects.create_user(name, "box@example.org")
    make_person("box@example.org")
    hers.post(page, {"person": "box@example.org", "role": "20"})
    assert Membership.objects.get(role=Role.CONTRIBUTOR).user.username == "box@example.org"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"person": "nobody", "role": "10"}, "no_account"),
        ({"person": "", "role": "10"}, "required"),
        ({"person": "bob", "role": "50"}, "invalid_choice"),
        ({"person": "bob"}, "required"),
        ({"person": "twice@example.org", "role": "10"}, "ambiguous"),
        ({"person": "away", "role": "10"}, "no_account"),
        ({"person": "ada", "role": "10"}, "last_curator"),
    ],
)
def test_unusable_input_changes_nothing_and_stays(hers: Client, page: str, data: dict[str, str], code: str) -> None:
    for name in ("bob", "tim", "tom"):
        make_person(name)
    User.objects.filter(username__startswith="t").update(email="twice@example.org")
    User.objects.create_user("away", is_active=False)
    response = hers.post(page, data)
    assert response.status_code == 400
    assert notes(response.text) == [code]
    assert f'value="{data["person"]}"' in response.content.decode()
    assert Membership.objects.count() == 1
    assert hers.post(page, data, headers=PART).status_code == 200  # or the part would not be shown


def test_who_takes_the_own_role_away_is_led_out(curator: User, hers: Client, scans: Collection, page: str) -> None:
    make_member(make_person("bob"), scans, Role.CURATOR)
    response = hers.post(page, {"remove": curator.pk}, headers=PART)
    assert response.headers["HX-Redirect"] == "/collections/"
    assert hers.get(page).status_code == 403


def test_somebody_gone_already_is_no_trouble(hers: Client, page: str) -> None:
    assert notes(hers.post(page, {"remove": "999"}, headers=PART).content.decode()) == ["no_member_before"]


def test_collections_of_others_are_not_found(hers: Client) -> None:
    other = Collection.objects.create(name="Other")
    assert hers.get(f"/collections/{other.pk}/members/").status_code == 404


@pytest.mark.parametrize("number", [2, 20])
def test_the_number_of_queries_is_fixed(
    hers: Client, scans: Collection, page: str, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for place in range(number):
        make_member(make_person(f"p{place}"), scans, Role.VIEWER)
    with django_assert_num_queries(6):  # session, who asks, role, memberships, collection, members
        hers.get(page)
