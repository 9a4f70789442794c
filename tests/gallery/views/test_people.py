"""The page of people: found, given roles, kept out and let in, by admins."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from gallery.views.people import PAGE_SIZE
from tests.gallery.members import client_of, make_person
from tests.gallery.saying import codes

pytestmark = pytest.mark.django_db
PAGE = "/people/"


@pytest.fixture
def root() -> Client:
    return client_of(make_person("root", Role.ADMIN))


def listed(client: Client, query: str = "") -> list[str]:
    response = client.get(f"{PAGE}{query}")
    assert response.status_code == 200
    main = response.content.decode().partition("<main")[2]
    return re.findall(r"<strong>([^<]*)</strong>", main)


def test_it_works(root: Client) -> None:
    ada = make_person("ada")
    assert listed(root) == ["ada", "root"]
    response = root.post(f"/people/{ada.pk}/role/", {"role": Role.CURATOR.value, "next": "/people/?q=ada"})
    assert response.headers["Location"] == "/people/?q=ada"
    assert codes(response) == ["role_given"]
    assert permissions_of(User.objects.get(pk=ada.pk)).role == Role.CURATOR
    again = root.post(f"/people/{ada.pk}/role/", {"role": Role.CURATOR.value})
    assert codes(again)[-1] == "role_as_before"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?q=ad", ["ada"]),
        ("?q=EXAMPLE", ["bob"]),
        ("?role=30", ["bob"]),
        ("?role=50", ["root"]),
        ("?role=10", ["ada", "cleo"]),  # who was given no role is a viewer
        ("?role=77", ["ada", "bob", "cleo", "root"]),
        ("?inactive=on", ["cleo"]),
        ("?q=nobody", []),
    ],
)
def test_filters(root: Client, query: str, names: list[str]) -> None:
    make_person("ada")
    User.objects.filter(pk=make_person("bob", Role.REVIEWER).pk).update(email="bob@example.org")
    User.objects.create_user("cleo", is_active=False)
    assert listed(root, query) == names


def test_pages_follow_each_other(root: Client) -> None:
    User.objects.bulk_create(User(username=f"p{number:03}") for number in range(PAGE_SIZE + 5))
    first = root.get(PAGE).content.decode()
    more = re.search(r'rel="next" href="(\?after=[^"]+)"', first)
    assert more
    assert len(listed(root)) == PAGE_SIZE
    assert listed(root, more[1]) == [f"p{number:03}" for number in range(PAGE_SIZE, PAGE_SIZE + 5)] + ["root"]


@pytest.mark.parametrize("number", [3, 40])
def test_the_number_of_queries_is_fixed(
    root: Client, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for place in range(number):
        make_person(f"p{place}")
    with django_assert_num_queries(3):  # session, who asks, the page
        root.get(PAGE)


def test_people_are_kept_out_and_let_in_again(root: Client) -> None:
    ada = make_person("ada")
    hers = client_of(ada)
    assert codes(root.post(f"/people/{ada.pk}/active/", {"active": "no"})) == ["kept_out"]
    assert "ada" not in hers.get("/").content.decode()
    root.post(f"/people/{ada.pk}/active/", {"active": "yes"})
    assert User.objects.get(pk=ada.pk).is_active


@pytest.mark.parametrize(("address", "data"), [("role", {"role": "10"}), ("active", {"active": "no"})])
def test_the_last_admin_stays(root: Client, address: str, data: dict[str, str]) -> None:
    admin = User.objects.get(username="root")
    response = root.post(f"/people/{admin.pk}/{address}/", data)
    assert codes(response) == ["last_admin"]
    admin.refresh_from_db()
    assert (admin.is_staff, admin.is_active) == (True, True)


@pytest.mark.parametrize(("role", "code"), [("", "required"), ("77", "invalid_choice")])
def test_an_unusable_role_changes_nothing(root: Client, role: str, code: str) -> None:
    ada = make_person("ada")
    assert codes(root.post(f"/people/{ada.pk}/role/", {"role": role})) == [code]
    assert permissions_of(User.objects.get(pk=ada.pk)).role == Role.VIEWER


def test_a_role_withdrawn_counts_from_the_next_request() -> None:
    ada = make_person("ada", Role.ADMIN)
    root, hers = client_of(make_person("root", Role.ADMIN)), client_of(ada)
    assert hers.get(PAGE).status_code == 200
    root.post(f"/people/{ada.pk}/role/", {"role": "10"})
    response = hers.get(PAGE)
    assert response.status_code == 403
