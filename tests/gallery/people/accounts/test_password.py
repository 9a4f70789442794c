"""Passwords and addresses: changed, forgotten, set by a link."""

from __future__ import annotations

import re
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone

from gallery.people.accounts.acts import AccountAct
from review.models import AuditRow
from tests.codes import form_codes, templates

pytestmark = pytest.mark.django_db
PASSWORD, NEW = "a long pass phrase", "quite another one"
commits = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(client: Client) -> User:
    user = User.objects.create_user("ada", "ada@example.org", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    return user


def acts() -> list[str]:
    return list(AuditRow.objects.order_by("number").values_list("details__act", flat=True))


def link(message: Any) -> str:
    found = re.search(r"http://testserver(\S+)", message.body)
    assert found
    return found.group(1)


def change(client: Client, old: str = PASSWORD, new: str = NEW, again: str = "") -> Any:
    form = {"oldpassword": old, "password1": new, "password2": again or new}
    return client.post("/accounts/password/change/", form, follow=True)


# Changing it


@commits
def test_changing_it_logs_other_browsers_out(client: Client, ada: User) -> None:
    other = Client()
    other.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    assert other.get("/accounts/email/").status_code == 200
    change(client)
    ada.refresh_from_db()
    assert ada.check_password(NEW)
    assert client.get("/accounts/email/").status_code == 200
    assert other.get("/accounts/email/").status_code == 302
    assert acts() == [AccountAct.CHANGE_PASSWORD]
    (message,) = mail.outbox
    assert message.to == [ada.email]
    assert "127.0.0.1" in message.body  # where it came from


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"old": "wrong"}, "enter_current_password"),
        ({"again": "something else"}, None),  # allauth gives this one no code
        ({"new": "short"}, "password_too_short"),
        ({"new": "password123"}, "password_too_common"),
        ({"new": "2026112220261122"}, "password_entirely_numeric"),
        ({"new": "ada@example.org"}, "password_too_similar"),
    ],
)
def test_a_bad_change_says_why_and_changes_nothing(
    client: Client, ada: User, form: dict[str, str], code: str | None
) -> None:
    page = change(client, **form)
    assert code in form_codes(page.context["form"])
    assert page.text.count('class="errorlist"') == 1
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
    assert acts() == []


@commits
def test_a_crash_changes_neither_password_nor_audit(client: Client, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*args: Any, **kwargs: Any) -> None:
        raise InterruptedError

    monkeypatch.setattr(AuditRow, "save", crash)
    with pytest.raises(InterruptedError):
        change(client)
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


# Forgetting it


def ask(client: Client, address: str = "ada@example.org") -> set[str]:
    """Ask for a link, and return the templates of the answer."""
    return templates(client.post("/accounts/password/reset/", {"email": address}, follow=True))


def test_a_forgotten_one_is_set_by_a_link(ada: User) -> None:
    client = Client()
    assert "account/password_reset_done.html" in ask(client)
    (message,) = mail.outbox
    assert message.to == [ada.email]
    assert "“ada”" in message.body
    form = client.get(link(message), follow=True)
    assert "token_fail" not in form.context
    address = form.redirect_chain[-1][0]
    assert link(message) != address  # the key is not in the address of a page that has links
    done = client.post(address, {"password1": NEW, "password2": NEW}, follow=True)
    assert "account/password_reset_from_key_done.html" in templates(done)
    ada.refresh_from_db()
    assert ada.check_password(NEW)
    assert acts() == [AccountAct.SET_PASSWORD_BY_LINK]
    assert Client().get(link(message), follow=True).context["token_fail"]


def test_an_unknown_address_is_answered_alike_and_gets_no_mail(ada: User) -> None:
    assert "account/password_reset_done.html" in ask(Client(), "eve@example.org")
    assert mail.outbox == []


def test_requests_are_limited(ada: User) -> None:
    client = Client()
    for _ in range(5):
        ask(client)
    assert client.post("/accounts/password/reset/", {"email": "ada@example.org"}).status_code == 429
    assert len(mail.outbox) == 5


@pytest.mark.parametrize("error", [ConnectionRefusedError(), SMTPServerDisconnected()])
def test_a_mail_server_that_is_down_is_told(ada: User, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", fail)
    response = Client().post("/accounts/password/reset/", {"email": "ada@example.org"})
    assert response.status_code == 503
    assert "account/mail_failed.html" in templates(response)


# Addresses


@commits
def test_a_new_address_counts_once_it_is_confirmed(client: Client, ada: User) -> None:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.post("/accounts/email/", {"email": "countess@example.org", "action_add": ""}, follow=True)
    assert "<strong>countess@example.org</strong>" in page.text
    ada.refresh_from_db()
    assert ada.email == "ada@example.org"
    message = mail.outbox[-1]
    assert message.to == ["countess@example.org"]
    confirm = client.get(link(message))
    assert confirm.context["can_confirm"]
    client.post(link(message))
    ada.refresh_from_db()
    assert ada.email == "countess@example.org"
    assert acts() == [AccountAct.CHANGE_ADDRESS]
    assert not client.get("/accounts/confirm-email/nonsense/").context["confirmation"]


def test_an_address_asks_for_the_password_first(client: Client, ada: User) -> None:
    response = client.post("/accounts/email/", {"email": "countess@example.org", "action_add": ""}, follow=True)
    assert "account/reauthenticate.html" in templates(response)


def test_an_address_that_is_taken_is_refused(client: Client, ada: User) -> None:
    eve = User.objects.create_user("eve", "eve@example.org")
    EmailAddress.objects.create(user=eve, email=eve.email, verified=True, primary=True)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"email": "eve@example.org", "action_add": ""})
    assert not EmailAddress.objects.filter(user=ada, email="eve@example.org", verified=True).exists()


@pytest.mark.parametrize("page", ["email/", "password/change/", "2fa/", "3rdparty/"])
def test_pages_of_the_account_need_a_log_in(page: str) -> None:
    response = Client().get(f"/accounts/{page}")
    assert response.headers["Location"].startswith("/accounts/login/?next=")


def test_an_account_without_a_password_is_led_to_set_one(client: Client) -> None:
    user = User.objects.create_user("ada", last_login=timezone.now())
    client.force_login(user)
    assert client.get("/accounts/password/change/").headers["Location"] == "/accounts/password/set/"
    client.post("/accounts/password/set/", {"password1": NEW, "password2": NEW})
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert acts() == [AccountAct.SET_PASSWORD]
