"""Roles, memberships and accounts in Django's admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from gallery.models import Account, Collection, Membership
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from gallery.signals import acted
from tests.codes import form_codes
from tests.gallery.members import client_of, make_member, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> Client:
    return client_of(make_person("root", Role.ADMIN))


@pytest.fixture
def told() -> Any:
    found: list[str] = []

    def listen(action: Any, subject: str, **_rest: Any) -> None:
        found.append(f"{action.value} {subject}")

    acted.connect(listen)
    yield found
    acted.disconnect(listen)


def test_roles_are_changed_as_on_the_page(root: Client, told: list[str]) -> None:
    ada = make_person("ada")
    root.post(reverse("admin:gallery_account_change", args=[ada.pk]), {"role": Role.ADMIN.value})
    assert User.objects.get(pk=ada.pk).is_staff
    assert told == ["role ada"]
    new = User.objects.create_user("new")
    root.post(reverse("admin:gallery_account_add"), {"user": new.pk, "role": Role.REVIEWER.value})
    assert permissions_of(User.objects.get(pk=new.pk)).role == Role.REVIEWER


def test_the_last_admin_stays(root: Client) -> None:
    admin = User.objects.get()
    page = root.post(reverse("admin:gallery_account_change", args=[admin.pk]), {"role": "10"})
    assert form_codes(page.context["adminform"].form) == {"last_admin"}
    assert root.post(reverse("admin:auth_user_delete", args=[admin.pk]), {"post": "yes"}).status_code == 403
    fields = {"username": "root", "is_active": "on", "date_joined_0": "2026-01-01", "date_joined_1": "00:00"}
    page = root.post(reverse("admin:auth_user_change", args=[admin.pk]), fields)
    assert "last_admin" in form_codes(page.context["adminform"].form)
    chosen = {"action": "delete_selected", "_selected_action": [admin.pk], "post": "yes"}
    root.post(reverse("admin:auth_user_changelist"), chosen)
    assert User.objects.get().is_staff
    assert Account.objects.get().role == Role.ADMIN


def test_memberships_are_changed_as_on_the_page(root: Client, told: list[str]) -> None:
    ada, scans = make_person("ada"), Collection.objects.create(name="Scans", private=True)
    fields = {"collection": scans.pk, "user": ada.pk, "role": Role.CURATOR.value}
    root.post(reverse("admin:gallery_membership_add"), fields)
    held = Membership.objects.get()
    change = reverse("admin:gallery_membership_change", args=[held.pk])
    assert form_codes(root.post(change, {"role": "10"}).context["adminform"].form) == {"last_curator"}
    delete = reverse("admin:gallery_membership_delete", args=[held.pk])
    assert root.post(delete, {"post": "yes"}).status_code == 403
    make_member(make_person("bob"), scans, Role.CURATOR)
    root.post(change, {"role": "10"})
    root.post(delete, {"post": "yes"})
    assert told == ["membership Scans"] * 3
    chosen = {"action": "delete_selected", "_selected_action": [Membership.objects.get().pk], "post": "yes"}
    root.post(reverse("admin:gallery_membership_changelist"), chosen)
    assert Membership.objects.get().user.get_username() == "bob"
