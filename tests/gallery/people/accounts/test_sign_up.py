"""Making an account by oneself: closed unless SIGN_UP opens it, and an address is confirmed first."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from pytest_django.fixtures import Settings

from gallery.people.accounts.acts import AccountAct
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from review.models import AuditRow
from tests.codes import form_codes, templates

pytestmark = pytest.mark.django_db
PAGE = "/accounts/signup/"
PASSWORD = "a long pass phrase"
FORM = {"username": "ada", "email": "ada@example.org", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def _open(settings: Settings) -> None:
    settings.SIGN_UP = True


def test_it_is_closed(client: Client) -> None:
    assert "account/signup_closed.html" in templates(client.get(PAGE))
    assert "account/signup_closed.html" in templates(client.post(PAGE, FORM))
    assert not User.objects.exists()
    assert "No account yet?" not in client.get("/accounts/login/").content.decode()


@pytest.mark.usefixtures("_open")
def test_it_works(client: Client) -> None:
    assert "No account yet?" in client.get("/accounts/login/").content.decode()
    asked = client.post(PAGE, FORM, follow=True)
    assert "account/verification_sent.html" in templates(asked)
    assert "_auth_user_id" not in client.session
    (message,) = mail.outbox
    address = re.search(r"http://testserver(\S+)", message.body)
    assert address
    client.post(address.group(1))
    log_in = client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    assert log_in.headers["Location"] == "/"
    user = User.objects.get()
    assert (user.email, user.is_staff, permissions_of(user).role) == ("ada@example.org", False, Role.VIEWER)
    assert AuditRow.objects.get(number=1).details == {"act": AccountAct.SIGN_UP}


@pytest.mark.usefixtures("_open")
def test_nobody_is_in_before_the_address_is_confirmed(client: Client) -> None:
    client.post(PAGE, FORM)
    response = client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    assert response.headers["Location"] == "/accounts/confirm-email/"
    assert "_auth_user_id" not in client.session


@pytest.mark.usefixtures("_open")
def test_an_address_that_has_an_account_is_answered_alike(client: Client) -> None:
    User.objects.create_user("countess", "ada@example.org")
    asked = client.post(PAGE, FORM, follow=True)
    assert "account/verification_sent.html" in templates(asked)
    (message,) = mail.outbox
    assert "/accounts/password/reset/" in message.body  # what whoever has an account needs
    assert User.objects.count() == 1


@pytest.mark.usefixtures("_open")
@pytest.mark.parametrize(
    ("form", "field", "code"),
    [
        ({"username": ""}, "username", "required"),
        ({"email": "nothing"}, "email", "invalid"),
        ({"password1": "short", "password2": "short"}, "password1", "password_too_short"),
        ({"password2": "another"}, "password2", None),  # allauth gives this one no code
    ],
)
def test_a_bad_form_says_why_and_makes_nothing(
    client: Client, form: dict[str, str], field: str, code: str | None
) -> None:
    page = client.post(PAGE, FORM | form)
    assert code in form_codes(page.context["form"])
    assert page.context["form"].has_error(field)
    assert 'class="errorlist"' in page.text
    assert not User.objects.exists()


@pytest.mark.usefixtures("_open")
def test_whoever_was_in_before_is_not_locked_out(client: Client, admin_user: User) -> None:
    """The first admin may have an address that nobody confirmed, on a site that has no mail server."""
    assert admin_user.email
    client.force_login(admin_user)
    client.get("/accounts/email/")  # here the unconfirmed address becomes known
    client.post("/accounts/logout/")
    response = client.post("/accounts/login/", {"login": "admin", "password": "password"})
    assert response.headers["Location"] == "/"
