"""The mail server as one URL, and the settings of accounts that fit together only."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.environment import Environment
from config.mail import CONSOLE, FILES, SMTP, Mail, read_mail_url


@pytest.mark.parametrize(
    ("url", "mail"),
    [
        ("", Mail(FILES)),
        ("console:", Mail(CONSOLE)),
        ("smtp://mail.example.org", Mail(SMTP, "mail.example.org", 25)),
        ("smtps://ada:p%40ss@mail.example.org", Mail(SMTP, "mail.example.org", 465, "ada", "p@ss", tls=True)),
        ("smtp+starttls://mail.example.org:25", Mail(SMTP, "mail.example.org", 25, starttls=True)),
    ],
)
def test_it_works(url: str, mail: Mail) -> None:
    assert read_mail_url(url) == mail


@pytest.mark.parametrize("url", ["mail.example.org", "http://mail.example.org", "smtp://", "smtp:mail"])
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected smtp://user:password@host"):
        read_mail_url(url)


def test_the_sentence_tells_no_password() -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        read_mail_url("imap://ada:sentinel@mail.example.org")
    assert "sentinel" not in str(caught.value)


def test_an_unusable_url_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", "imap://ada:sentinel@mail.example.org")
    with pytest.raises(ValidationError, match="email_url") as caught:
        Environment()
    assert "sentinel" not in str(caught.value)


@pytest.mark.parametrize("given", [["OIDC_ISSUER"], ["OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"]])
def test_half_a_provider_stops_the_start(monkeypatch: pytest.MonkeyPatch, given: list[str]) -> None:
    for name in given:
        monkeypatch.setenv(name, "sentinel")
    with pytest.raises(ValidationError, match="set all three, or none") as caught:
        Environment()
    assert "sentinel" not in str(caught.value)
