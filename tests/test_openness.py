"""A site is open without a log-in only where nothing says that others than the people at this machine reach it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.environment import BASE_DIR, Environment
from config.openness import is_loopback, openness, signs_of_others


def environment(**values: object) -> Environment:
    return Environment(_env_file=None, **values)  # type: ignore[arg-type]


def test_it_works() -> None:
    assert signs_of_others(environment()) == []
    assert openness("local", environment()) == "local"


@pytest.mark.parametrize(
    ("sign", "value"),
    [
        ("host", "0.0.0.0"),  # noqa: S104 (nothing is bound)
        ("behind_https", True),
        ("trusted_proxies", 1),
        ("allowed_hosts", ["localhost", "images.example.org"]),
        ("allowed_hosts", ["*"]),
        ("allowed_hosts", [".example.org"]),
        ("csrf_trusted_origins", ["https://images.example.org"]),
        ("csrf_trusted_origins", ["https://*.example.org"]),
        ("sign_up", True),
    ],
)
def test_a_setting_for_others_closes_what_was_open_to_this_machine(sign: str, value: object) -> None:
    told = environment(**{sign: value})
    assert signs_of_others(told) == [sign.upper()]
    assert openness("local", told) is False
    assert openness(True, told) is True, "who asks for it gets it"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", "::1"),
        ("allowed_hosts", ["LOCALHOST", ".localhost", "127.0.0.2", "[::1]", "::1"]),
        ("csrf_trusted_origins", ["http://localhost:8000", "http://[::1]:8000", "http://127.0.0.1"]),
    ],
)
def test_names_of_this_machine_are_no_sign(name: str, value: object) -> None:
    assert signs_of_others(environment(**{name: value})) == []


def test_a_provider_is_a_sign() -> None:
    provider = {"oidc_issuer": "https://id.example.org", "oidc_client_id": "x", "oidc_client_secret": "y"}
    assert signs_of_others(environment(**provider)) == ["OIDC_ISSUER"]


@pytest.mark.parametrize(("text", "expected"), [("1", True), ("false", False), ("local", "local")])
def test_what_may_be_asked_for(monkeypatch: pytest.MonkeyPatch, text: str, expected: object) -> None:
    monkeypatch.chdir(BASE_DIR)
    monkeypatch.setenv("OPEN_ACCESS", text)
    assert environment().open_access == expected


def test_another_word_is_refused() -> None:
    with pytest.raises(ValidationError, match="open_access"):
        environment(open_access="perhaps")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("a.localhost", True),
        ("::1", True),
        ("192.168.1.5", False),
        ("x", False),
        ("", False),
        ("notlocalhost", False),
    ],
)
def test_loopback_is_known(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
