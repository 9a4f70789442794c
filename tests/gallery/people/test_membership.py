"""Roles given and withdrawn: logged each time, and never so that nobody is left who could give them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from gallery.audit_events import Action
from gallery.models import Account, Collection, Membership
from gallery.people.membership import (
    RoleError,
    refuse_addition,
    remove_membership,
    set_active,
    set_membership,
    set_role,
    site_role,
)
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from gallery.signals import acted
from tests.codes import refused
from tests.gallery.members import make_member, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def told() -> Any:
    """What was told during the test."""
    found: list[tuple[str, str, dict[str, Any]]] = []

    def listen(action: Action, subject: str, details: dict[str, Any], **_rest: Any) -> None:
        found.append((action.value, subject, details))

    acted.connect(listen)
    yield found
    acted.disconnect(listen)


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_it_works(told: list[Any]) -> None:
    ada, admin = make_person("ada"), make_person("root", Role.ADMIN)
    assert set_role(ada, Role.REVIEWER, admin)
    assert permissions_of(again(ada)).role == Role.REVIEWER
    assert told == [("role", "ada", {"before": "viewer", "after": "reviewer"})]
    assert not set_role(again(ada), Role.REVIEWER, admin)
    assert len(told) == 1


def test_admins_may_use_the_admin_and_nobody_else() -> None:
    ada, admin = make_person("ada"), make_person("root", Role.ADMIN)
    set_role(ada, Role.ADMIN, admin)
    assert (again(ada).is_staff, again(ada).is_superuser) == (True, True)
    set_role(again(ada), Role.CURATOR, admin)
    assert (again(ada).is_staff, again(ada).is_superuser) == (False, False)
    assert site_role(again(ada)) == Role.CURATOR


def test_who_is_not_staff_is_no_admin_whatever_is_written() -> None:
    ada = User.objects.create_user("ada")
    Account.objects.create(user=ada, role=Role.ADMIN)
    assert permissions_of(ada).role == Role.VIEWER


@pytest.mark.parametrize("act", ["demote", "close"])
def test_the_last_admin_stays(act: str, told: list[Any]) -> None:
    make_person("ada")
    admin = make_person("root", Role.ADMIN)
    with refused(RoleError, "last_admin", name="root"):
        set_role(admin, Role.VIEWER, admin) if act == "demote" else set_active(admin, admin, active=False)
    assert (again(admin).is_staff, again(admin).is_active, told) == (True, True, [])
    make_person("other", Role.ADMIN)
    assert set_role(admin, Role.VIEWER, admin) if act == "demote" else set_active(admin, admin, active=False)


def test_an_admin_who_may_not_log_in_does_not_count() -> None:
    admin, other = make_person("root", Role.ADMIN), make_person("other", Role.ADMIN)
    set_active(other, admin, active=False)
    with refused(RoleError, "last_admin"):
        set_role(admin, Role.VIEWER, admin)


def test_members_come_change_and_go(told: list[Any]) -> None:
    ada, birds = make_person("ada"), Collection.objects.create(name="Birds", private=True)
    assert set_membership(birds, ada, Role.CURATOR, None)
    assert not set_membership(birds, ada, Role.CURATOR, None)
    set_membership(birds, make_person("bob"), Role.CURATOR, None)
    assert set_membership(birds, ada, Role.VIEWER, ada)
    assert remove_membership(birds, ada, ada)
    assert not remove_membership(birds, ada, ada)
    assert [(subject, each["person"], each["before"], each["after"]) for _act, subject, each in told] == [
        ("Birds", "ada", None, "curator"),
        ("Birds", "bob", None, "curator"),
        ("Birds", "ada", "curator", "viewer"),
        ("Birds", "ada", "viewer", None),
    ]


def test_a_private_collection_keeps_a_curator() -> None:
    ada, birds = make_person("ada"), Collection.objects.create(name="Birds", private=True)
    make_member(ada, birds, Role.CURATOR)
    with refused(RoleError, "last_curator", name="ada"):
        set_membership(birds, ada, Role.VIEWER, ada)
    with refused(RoleError, "last_curator", name="ada"):
        remove_membership(birds, ada, ada)
    assert Membership.objects.get().role == Role.CURATOR
    Collection.objects.update(private=False)
    assert remove_membership(Collection.objects.get(), ada, ada)


def test_collections_have_no_admins() -> None:
    with refused(RoleError, "no_admins_of_collections"):
        set_membership(Collection.objects.create(name="Birds"), make_person("ada"), Role.ADMIN, None)


def test_who_may_add_where() -> None:
    """A site's contributor adds to all that is public; others only where they are contributors."""
    _public, own, closed = (Collection.objects.create(name=name) for name in ("Public", "Own", "Closed"))
    Collection.objects.filter(pk__in=(own.pk, closed.pk)).update(private=True)
    site, member = make_person("site", Role.CONTRIBUTOR), make_person("member")
    make_member(member, own, Role.CONTRIBUTOR)
    refusals = {
        (site, "Own"): ("collection_closed", {"name": "Own"}),
        (site, "Closed"): ("collection_closed", {"name": "Closed"}),
        (member, ""): ("choose_own", {"own": ["“Own”"]}),
        (member, "New"): ("no_such_collection", {"name": "New", "own": ["“Own”"]}),
        (member, "Public"): ("collection_not_theirs", {"name": "Public"}),
        (member, "Closed"): ("collection_closed", {"name": "Closed"}),
    }
    for user in (site, member):
        for name in ("", "New", "Public", "Own", "Closed"):
            if (user, name) in refusals:
                code, params = refusals[user, name]
                with refused(RoleError, code, **params):
                    refuse_addition(user, name)
            else:
                refuse_addition(user, name)
