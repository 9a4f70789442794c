"""Settings of accounts that cannot work together."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from pytest_django.fixtures import Settings


def found() -> list[str | None]:
    return [message.id for message in run_checks(tags=["likeness"]) if str(message.id).startswith("gallery.")]


def test_it_works() -> None:
    assert found() == []


def test_signing_up_needs_mail(settings: Settings) -> None:
    settings.SIGN_UP = True
    assert found() == ["gallery.W001"]
    settings.ENV = settings.ENV.model_copy(update={"email_url": "smtp://mail.example.org"})
    assert found() == []


@pytest.mark.parametrize(
    ("issuer", "ids"),
    [
        ("https://id.example.org", []),
        ("http://127.0.0.1:8000", []),
        ("http://localhost/realms/x", []),
        ("http://id.example.org", ["gallery.W002"]),
    ],
)
def test_a_provider_is_reached_by_https(settings: Settings, issuer: str, ids: list[str]) -> None:
    settings.ENV = settings.ENV.model_copy(update={"oidc_issuer": issuer})
    assert found() == ids
