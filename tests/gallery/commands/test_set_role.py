"""`manage.py set_role`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from gallery.models import Collection, Membership
from gallery.people.membership import RoleError
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
    ("arguments", "named"),
    [
        (["bob", "viewer"], "'bob'"),
        (["root", "none"], "--collection"),
        (["root", "viewer", "--collection", "Fish"], "'Fish'"),
    ],
)
def test_what_is_not_there_is_named(arguments: list[str], named: str) -> None:
    make_person("root", Role.ADMIN)
    with pytest.raises(CommandError, match=named):
        run(*arguments)
    assert User.objects.get().is_staff


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["root", "viewer"], "last_admin"),
        (["root", "admin", "--collection", "Birds"], "no_admins_of_collections"),
    ],
)
def test_refusals(arguments: list[str], code: str) -> None:
    make_person("root", Role.ADMIN)
    Collection.objects.create(name="Birds")
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    error = caught.value.__cause__
    assert isinstance(error, RoleError)
    assert (error.code, str(caught.value)) == (code, str(error))
    assert User.objects.get().is_staff
