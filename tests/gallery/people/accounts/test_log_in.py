"""Logging in and out: names, addresses, limits, sessions, the admin's door."""

from __future__ import annotations

import pytest
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from tests.codes import templates

TOO_MANY = str(DefaultAccountAdapter.error_messages["too_many_login_attempts"])
pytestmark = pytest.mark.django_db
LOG_IN = "/accounts/login/"
PASSWORD = "a long pass phrase"


@pytest.fixture
def ada(settings: Settings) -> User:
    settings.OPEN_ACCESS = False
    user = User.objects.create_user("ada", "ada@example.org", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def log_in(client: Client, login: str = "ada", password: str = PASSWORD, **form: str) -> str:
    """Log in and return where that leads, or the page that says why not."""
    response = client.post(LOG_IN, {"login": login, "password": password, **form})
    return response.headers["Location"] if response.status_code == 302 else response.content.decode()


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("login", ["ada", "ada@example.org", "ADA@example.org", " ada "])
def test_it_works(client: Client, ada: User, login: str) -> None:
    assert log_in(client, login, next="/status/") == "/status/"
    assert is_in(client)


@pytest.mark.parametrize(("login", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("ada@example.com", PASSWORD)])
def test_a_wrong_name_or_password_says_so_and_keeps_the_name(
    client: Client, ada: User, login: str, password: str
) -> None:
    text = log_in(client, login, password)
    assert 'role="alert"' in text
    assert f'value="{login}"' in text
    assert password not in text
    assert not is_in(client)


def test_it_leads_nowhere_else(client: Client, ada: User) -> None:
    assert log_in(client, next="https://evil.example/") == "/"


def test_an_account_that_is_switched_off_is_told(client: Client, ada: User) -> None:
    User.objects.update(is_active=False)
    assert log_in(client) == "/accounts/inactive/"
    assert "switched off" in client.get("/accounts/inactive/").content.decode()
    assert not is_in(client)


def test_switching_an_account_off_ends_its_sessions(client: Client, ada: User) -> None:
    log_in(client)
    User.objects.update(is_active=False)
    assert client.get("/status/").headers["Location"].startswith(LOG_IN)


def test_many_wrong_attempts_are_stopped(client: Client, ada: User) -> None:
    for _ in range(5):
        assert TOO_MANY not in log_in(client, password="wrong")
    assert TOO_MANY in log_in(client)  # also with the right password
    assert not is_in(client)


def test_many_attempts_from_one_place_are_stopped(client: Client, ada: User) -> None:
    cache.clear()  # tests that commit leave their attempts there: the table is of no model, so it is not emptied
    codes = [client.post(LOG_IN, {"login": f"u{n}", "password": "x"}).status_code for n in range(31)]
    assert codes[:30] == [200] * 30
    response = client.post(LOG_IN, {"login": "ada", "password": PASSWORD})
    assert response.status_code == 429
    assert "429.html" in templates(response)


def test_limits_hold_behind_a_socket_too(ada: User) -> None:
    client = Client(REMOTE_ADDR="")
    assert log_in(client) == "/"


def test_logging_out_asks_and_ends_the_session(client: Client, ada: User) -> None:
    log_in(client)
    assert "Log out?" in client.get("/accounts/logout/").content.decode()
    assert is_in(client)
    assert client.post("/accounts/logout/").headers["Location"] == "/"
    assert not is_in(client)


@pytest.mark.parametrize(("remember", "lasts"), [({}, False), ({"remember": "on"}, True)])
def test_sessions_end_with_the_browser_unless_asked(
    client: Client, ada: User, remember: dict[str, str], lasts: bool
) -> None:
    log_in(client, **remember)
    assert client.session.get_expire_at_browser_close() is not lasts


def test_the_admin_has_the_same_door(client: Client, ada: User) -> None:
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == f"{LOG_IN}?next=%2Fadmin%2F"


def test_the_admin_is_closed_to_others(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert client.get("/admin/", follow=True).status_code == 403


def test_accounts_leads_on(client: Client, ada: User) -> None:
    assert client.get("/accounts/").headers["Location"] == LOG_IN
    client.force_login(ada)
    assert client.get("/accounts/").headers["Location"] == "/accounts/email/"
