"""Inviting people: an account, a role, and a link that is shown once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from gallery.models import Account
from gallery.people.accounts.acts import AccountAct
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from review.models import AuditRow
from tests.codes import form_codes, notes, templates

pytestmark = pytest.mark.django_db
PAGE = "/people/invite/"
FORM = {"name": "ada", "address": "ada@example.org", "role": Role.REVIEWER.value}


def link(text: str) -> str:
    found = re.search(r"http://testserver(/accounts/password/reset/key/[^\"\s]+)", text)
    assert found
    return found.group(1)


def follow(address: str) -> Client:
    """Set a password by a link, and log in with it."""
    client = Client()
    form = client.get(address, follow=True)
    password = {"password1": "a long pass phrase", "password2": "a long pass phrase"}
    client.post(form.redirect_chain[-1][0], password)
    client.post("/accounts/login/", {"login": "ada", "password": "a long pass phrase"})
    return client


def test_it_works(admin_client: Client) -> None:
    assert "Invite somebody" in admin_client.get(PAGE).content.decode()
    response = admin_client.post(PAGE, FORM)
    page = response.content.decode()
    assert notes(page) == ["mailed"]
    assert "no-store" in response.headers["Cache-Control"]
    (message,) = mail.outbox
    assert link(message.body) == link(page)
    assert "account/email/invitation_message.txt" in templates(response)
    assert all(name in message.body for name in ("admin", "“ada”"))
    user = User.objects.get(username="ada")
    assert not user.has_usable_password()
    assert (permissions_of(user).role, user.is_staff) == (Role.REVIEWER, False)
    assert "_auth_user_id" in follow(link(page)).session
    told = AuditRow.objects.order_by("number").values_list("actor_name", "action", "details__act")
    assert list(told) == [
        ("admin", "account", "invite"),
        ("admin", "role", None),
        ("admin", "account", AccountAct.MAKE_LINK),
        ("ada", "account", AccountAct.SET_PASSWORD_BY_LINK),
    ]


def test_without_an_address_the_link_is_handed_over(admin_client: Client) -> None:
    page = admin_client.post(PAGE, FORM | {"address": ""}).content.decode()
    assert notes(page) == ["to_be_handed_over"]
    assert mail.outbox == []
    assert "_auth_user_id" in follow(link(page)).session


def test_admins_may_invite_admins(admin_client: Client) -> None:
    admin_client.post(PAGE, FORM | {"role": Role.ADMIN.value})
    user = User.objects.get(username="ada")
    assert user.is_staff
    assert user.is_superuser
    assert Account.objects.get(user=user).role == Role.ADMIN


def test_a_mail_that_fails_leaves_the_link(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", fail)
    page = admin_client.post(PAGE, FORM).content.decode()
    assert notes(page) == ["not_mailed", "to_be_handed_over"]
    assert link(page)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"name": "ADMIN"}, "name_taken"),
        ({"name": "a b"}, "invalid"),
        ({"name": ""}, "required"),
        ({"address": "admin@example.com"}, "address_taken"),
        ({"address": "nothing"}, "invalid"),
        ({"role": "99"}, "invalid_choice"),
    ],
)
def test_a_bad_form_says_why_and_makes_nothing(admin_client: Client, form: dict[str, str], code: str) -> None:
    response = admin_client.post(PAGE, FORM | form)
    assert response.status_code == 400
    assert form_codes(response.context["form"]) == {code}
    assert User.objects.count() == 1


def test_a_new_link_for_somebody_who_forgot(admin_client: Client) -> None:
    user = User.objects.create_user("ada", password="forgotten by now")
    page = admin_client.post(f"/people/{user.pk}/link/").content.decode()
    assert "_auth_user_id" in follow(link(page)).session


def test_accounts_that_are_switched_off_or_gone_get_no_link(admin_client: Client) -> None:
    user = User.objects.create_user("ada", is_active=False)
    assert admin_client.post(f"/people/{user.pk}/link/").status_code == 404
    assert admin_client.post("/people/999/link/").status_code == 404


@pytest.mark.parametrize("role", [role for role in Role if role < Role.ADMIN])
def test_only_admins_invite(client: Client, role: Role) -> None:
    user = User.objects.create_user("eve")
    Account.objects.create(user=user, role=role)
    client.force_login(user)
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, FORM).status_code == 403
    assert client.post(f"/people/{user.pk}/link/").status_code == 403
    assert User.objects.count() == 1
