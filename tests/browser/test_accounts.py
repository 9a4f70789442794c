"""Logging in, by password, code and another site, in a real Chromium: its security policy is the one that counts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from tests.browser.waiting import arrive
from tests.gallery.people.accounts.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, running
from tests.gallery.people.accounts.test_second_factor import code_of

PASSWORD = "a long pass phrase"


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, settings: Settings) -> Iterator[Page]:
    """A page of a site for people with accounts; errors of scripts and of the security policy fail the test."""
    settings.OPEN_ACCESS = False
    context = browser.new_context(base_url=live_server.url, reduced_motion="reduce")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Security Policy" in message.text else None)
    yield page
    context.close()
    assert errors == []


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


def give_password(page: Page) -> None:
    page.get_by_label("User name or e-mail").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_by_another_site(page: Page, provider: IdentityProvider) -> None:
    """The policy says `form-action 'self'`; still the button leads to the other site and back to where one was."""
    page.goto("/status/")
    page.get_by_role("button", name="The hospital").click()
    arrive(page, "/status/")
    assert User.objects.get().username == "ada"


def test_a_second_factor_from_setting_up_to_logging_in(page: Page) -> None:
    User.objects.create_user("ada", password=PASSWORD)
    page.goto("/accounts/2fa/totp/activate/")
    give_password(page)
    page.get_by_label("Password").fill(PASSWORD)  # once more: this changes the account
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("img", name="The secret as a code to scan")).to_be_visible()
    secret = page.locator(".secret").inner_text()
    page.get_by_label("code").fill(code_of(secret))
    page.get_by_role("button", name="Use this app").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    recovery = page.locator(".codes code").first.inner_text()
    page.context.clear_cookies()
    page.goto("/status/")
    give_password(page)
    expect(page.get_by_role("heading", name="One more thing")).to_be_visible()
    page.get_by_label("code").fill(recovery)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    arrive(page, "/status/")


def test_cancelling_the_second_factor(page: Page) -> None:
    """The button of another form, which is hidden, leads back."""
    user = User.objects.create_user("ada", password=PASSWORD)
    TOTP.activate(user, "A" * 32)
    page.goto("/accounts/login/")
    give_password(page)
    page.get_by_role("button", name="Cancel").click()
    arrive(page, "/accounts/login/")
