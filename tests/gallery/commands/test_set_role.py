"""`manage.py set_role`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from gallery.models import Collection, Membership
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from tests.gallery.members import make_person

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("set_role", *arguments, stdout=out)
    return out.getvalue().strip()


def test_it_works() -> None:
    make_person("ada")
    assert run("ada", "admin") == "ada is: admin."
    assert permissions_of(User.objects.get()).role == Role.ADMIN
    assert run("ada", "admin") != "ada is: admin."
    assert not json.loads(run("ada", "admin", "--json"))["changed"]


def test_in_a_collection() -> None:
    make_person("ada")
    Collection.objects.create(name="Birds")
    assert json.loads(run("ada", "curator", "--collection", "Birds", "--json")) == {
        "user": "ada",
        "role": "curator",
        "collection": "Birds",
        "changed": True,
    }
    assert Membership.objects.get().role == Role.CURATOR
    run("ada", "none", "--collection", "Birds")
    assert not Membership.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["bob", "viewer"], "there is none"),
        (["root", "viewer"], "only admin"),
        (["root", "none"], "needs --collection"),
        (["root", "viewer", "--collection", "Fish"], "got 'Fish'"),
        (["root", "admin", "--collection", "Birds"], "curator"),
    ],
)
def test_refusals(arguments: list[str], sentence: str) -> None:
    make_person("root", Role.ADMIN)
    Collection.objects.create(name="Birds")
    with pytest.raises(CommandError, match=sentence):
        run(*arguments)
    assert User.objects.get().is_staff
