"""Log-in by OpenID Connect, against a provider on a loopback port."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from gallery.models import Account
from gallery.people.accounts.acts import AccountAct
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from review.models import AuditRow
from tests.codes import form_codes, templates
from tests.gallery.people.accounts.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, running

pytestmark = pytest.mark.django_db
LEAVE = "/accounts/oidc/sso/login/"


@pytest.fixture
def provider(settings: Settings) -> Iterator[IdentityProvider]:
    with running() as served:
        app = {
            "provider_id": "sso",
            "name": "The hospital",
            "client_id": CLIENT_ID,
            "secret": CLIENT_SECRET,
            "settings": {"server_url": served.issuer, "oauth_pkce_enabled": True},
        }
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
        yield served


def visit(address: str) -> str:
    """Go to the provider as a browser would and return where it sends people back to."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        response = connection.getresponse()
        assert response.status == 302
        back = urlsplit(response.headers["Location"])
    finally:
        connection.close()
    assert back.netloc == "testserver"
    return f"{back.path}?{back.query}"


def leave(client: Client, **form: str) -> str:
    """Press the button of the log-in page; return the provider's address."""
    page = client.post(LEAVE, form)
    assert page.status_code == 200  # no redirect: the policy forbids forms to lead away
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.content.decode())
    assert found
    return unescape(found.group(1))


def log_in(client: Client, **form: str) -> Any:
    return client.get(visit(leave(client, **form)))


def person(client: Client) -> User | None:
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk) if pk else None


def test_it_works(client: Client, provider: IdentityProvider, settings: Settings) -> None:
    settings.NEW_ACCOUNT_ROLE = "contributor"
    response = log_in(client, next="/upload/")
    assert (response.status_code, response.headers["Location"]) == (302, "/upload/")
    user = person(client)
    assert user is not None
    assert (user.username, user.email, user.has_usable_password()) == ("ada", "ada@example.org", False)
    assert not Account.objects.exists()
    assert permissions_of(user).role == Role.CONTRIBUTOR
    row = AuditRow.objects.get()
    assert (row.action, row.actor_name, row.details) == ("account", "ada", {"act": AccountAct.BEGIN_BY_OTHER_SITE})


def test_the_second_time_it_is_the_same_account(client: Client, provider: IdentityProvider) -> None:
    log_in(client)
    client.post("/accounts/logout/")
    provider.claims |= {"preferred_username": "countess"}
    log_in(client)
    assert User.objects.get() == person(client)


def test_the_page_of_log_in_offers_it(client: Client, provider: IdentityProvider) -> None:
    text = client.get("/accounts/login/?next=/upload/").content.decode()
    assert "The hospital" in text
    assert re.search(rf'action="{LEAVE}[?][^"]*next=%2Fupload%2F"', text)


def test_without_a_provider_there_is_no_way_to_it(client: Client) -> None:
    assert client.post(LEAVE).status_code == 404
    assert "oidc" not in client.get("/accounts/login/").content.decode()


def test_a_link_asks_before_it_leads_away(client: Client, provider: IdentityProvider) -> None:
    page = client.get(LEAVE)
    assert "socialaccount/login.html" in templates(page)
    assert "The hospital" in page.text
    assert 'method="post"' in page.text


def test_new_people_may_be_kept_out(client: Client, provider: IdentityProvider, settings: Settings) -> None:
    settings.OIDC_NEW_ACCOUNTS = False
    assert "account/signup_closed.html" in templates(log_in(client))
    assert not User.objects.exists()


def test_a_taken_name_gets_another_one(client: Client, provider: IdentityProvider) -> None:
    User.objects.create_user("ada")
    log_in(client)
    user = person(client)
    assert user is not None
    assert user.username not in ("", "ada")


def with_address(verified: bool) -> User:
    user = User.objects.create_user("countess", "ada@example.org", "a long pass phrase")
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    return user


def test_an_address_alone_opens_no_account(client: Client, provider: IdentityProvider) -> None:
    with_address(verified=True)
    provider.claims |= {"email_verified": True}
    log_in(client)
    assert person(client) is None
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("verified", [True, False])
def test_a_verified_address_opens_it_where_that_is_wanted(
    client: Client, provider: IdentityProvider, settings: Settings, verified: bool
) -> None:
    settings.SOCIALACCOUNT_EMAIL_AUTHENTICATION = settings.SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
    user = with_address(verified=True)
    provider.claims |= {"email_verified": verified}
    log_in(client)
    assert person(client) == (user if verified else None)


def test_cancelling_says_so(client: Client, provider: IdentityProvider) -> None:
    provider.mood = "cancelled"
    response = client.get(visit(leave(client)), follow=True)
    assert "socialaccount/login_cancelled.html" in templates(response)


def test_a_provider_that_fails_says_so(client: Client, provider: IdentityProvider) -> None:
    provider.mood = "broken"
    response = client.post(LEAVE)
    assert response.status_code == 502
    assert "socialaccount/unreachable.html" in templates(response)


def test_a_provider_that_fails_afterwards_says_so(client: Client, provider: IdentityProvider) -> None:
    back = visit(leave(client))
    provider.mood = "broken"
    response = client.get(back)
    assert response.status_code == 502
    assert "socialaccount/unreachable.html" in templates(response)


def answer(client: Client, address: str) -> HttpResponse:
    response: HttpResponse = client.get(address)  # type: ignore[assignment]
    return response


def test_an_answer_that_nobody_asked_for_is_refused(client: Client, provider: IdentityProvider) -> None:
    """What another browser began (a forged log-in) ends nowhere."""
    back = visit(leave(Client()))
    response = answer(client, back)
    assert response.status_code == 401
    assert "socialaccount/authentication_error.html" in templates(response)
    assert person(client) is None


def test_joining_and_parting(client: Client, provider: IdentityProvider) -> None:
    user = User.objects.create_user("countess", password="a long pass phrase")
    client.post("/accounts/login/", {"login": "countess", "password": "a long pass phrase"})
    page = client.get("/accounts/3rdparty/").content.decode()
    assert "not joined" in page
    address = re.search(r'action="([^"]+oidc[^"]+)"', page)
    assert address
    left = client.post(unescape(address.group(1))).content.decode()
    found = re.search(r"0;url=([^\"]+)", left)
    assert found
    asked = client.get(visit(unescape(found.group(1))), follow=True)
    assert "account/reauthenticate.html" in templates(asked)
    client.post("/accounts/reauthenticate/", {"password": "a long pass phrase"})
    joined = SocialAccount.objects.get()
    assert joined.user == user
    assert [each.pk for each in client.get("/accounts/3rdparty/").context["form"].accounts] == [joined.pk]
    refused = client.post("/accounts/3rdparty/", {"account": joined.pk})
    assert form_codes(refused.context["form"]) == {"no_verified_email"}
    EmailAddress.objects.create(user=user, email="ada@example.org", verified=True, primary=True)
    client.post("/accounts/3rdparty/", {"account": joined.pk})
    assert not SocialAccount.objects.exists()
    acts = list(AuditRow.objects.order_by("number").values_list("details__act", flat=True))
    assert acts == [AccountAct.JOIN_OTHER_SITE, AccountAct.PART_FROM_OTHER_SITE]
