"""The second factor: set up, asked for, demanded, recovered from."""

from __future__ import annotations

import base64
import hmac
import re
import struct
import time

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from gallery.people.accounts.acts import AccountAct
from review.models import AuditRow
from tests.codes import notes, templates

pytestmark = pytest.mark.django_db
PASSWORD = "a long pass phrase"


def code_of(secret: str, moment: float | None = None) -> str:
    """Return what an authenticator app shows: RFC 6238 with SHA-1, 30 s and 6 digits."""
    counter = struct.pack(">Q", int((time.time() if moment is None else moment) // 30))
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 10**6:06}"


def test_our_codes_are_those_of_the_standard() -> None:
    """The test vectors of RFC 6238, appendix B, shortened to 6 digits."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert [code_of(secret, moment) for moment in (59, 1111111109, 20000000000)] == ["287082", "081804", "353130"]


@pytest.fixture
def ada(client: Client) -> User:
    user = User.objects.create_user("ada", password=PASSWORD)
    prove(client)
    return user


def prove(client: Client) -> None:
    """Log in, and say once more that it is you."""
    client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def set_up(client: Client) -> str:
    """Set up an authenticator app and return its secret."""
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    found = re.search(r'class="secret">([A-Z2-7]+)<', page)
    assert found
    response = client.post("/accounts/2fa/totp/activate/", {"code": code_of(found.group(1))})
    assert response.status_code == 302
    return found.group(1)


def log_in(client: Client, code: str) -> str:
    """Log in with a code and return where that leads, or the page that says why not."""
    asked = client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    assert asked.headers["Location"] == "/accounts/2fa/authenticate/"
    assert "_auth_user_id" not in client.session
    response = client.post("/accounts/2fa/authenticate/", {"code": code})
    return response.headers["Location"] if response.status_code == 302 else response.content.decode()


def codes(client: Client) -> list[str]:
    """Return the recovery codes that are left."""
    page = client.get("/accounts/2fa/recovery-codes/").content.decode()
    return re.findall(r"<code>(\d+)</code>", page)


def acts() -> list[str]:
    return list(AuditRow.objects.order_by("number").values_list("details__act", flat=True))


def test_it_works(client: Client, ada: User) -> None:
    secret = set_up(client)
    assert "In use." in client.get("/accounts/2fa/").content.decode()
    assert log_in(Client(), code_of(secret)) == "/"
    assert acts() == [AccountAct.ADD_SECOND_FACTOR] * 2
    assert {row.details["type"] for row in AuditRow.objects.all()} == {"totp", "recovery_codes"}


def test_a_wrong_code_lets_nobody_in(client: Client, ada: User) -> None:
    secret = set_up(client)
    for wrong in ("000000", code_of(secret, time.time() - 600), ""):
        other = Client()
        page = log_in(other, wrong)
        assert 'class="errorlist"' in page
        assert "_auth_user_id" not in other.session


def test_a_code_counts_once(client: Client, ada: User) -> None:
    code = code_of(set_up(client), time.time() + 30)  # a clock that is a little ahead is forgiven
    assert log_in(Client(), code) == "/"
    assert "Incorrect code." in log_in(Client(), code)


def test_a_wrong_code_sets_nothing_up(client: Client, ada: User) -> None:
    client.get("/accounts/2fa/totp/activate/")
    page = client.post("/accounts/2fa/totp/activate/", {"code": "000000"}).content.decode()
    assert "Incorrect code." in page
    assert not Authenticator.objects.exists()


def test_a_recovery_code_opens_once(client: Client, ada: User) -> None:
    set_up(client)
    left = codes(client)
    assert len(left) == 10
    assert log_in(Client(), left[0]) == "/"
    assert "Incorrect code." in log_in(Client(), left[0])
    assert codes(client) == left[1:]
    text = client.get("/accounts/2fa/recovery-codes/download/").content.decode()
    assert text.split() == left[1:]


def test_new_recovery_codes_replace_the_old(client: Client, ada: User) -> None:
    set_up(client)
    old = codes(client)
    client.post("/accounts/2fa/recovery-codes/generate/")
    assert not set(codes(client)) & set(old)
    assert "Incorrect code." in log_in(Client(), old[0])
    assert AuditRow.objects.latest("number").details == {"act": AccountAct.ADD_SECOND_FACTOR, "type": "recovery_codes"}


def test_removing_it_leaves_the_password_alone(client: Client, ada: User) -> None:
    set_up(client)
    assert "mfa/totp/deactivate_form.html" in templates(client.get("/accounts/2fa/totp/deactivate/"))
    client.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()
    other = Client()
    assert other.post("/accounts/login/", {"login": "ada", "password": PASSWORD}).headers["Location"] == "/"
    assert AccountAct.REMOVE_SECOND_FACTOR in acts()


def test_setting_up_asks_for_the_password_first(client: Client, ada: User) -> None:
    other = Client()
    other.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    page = other.get("/accounts/2fa/totp/activate/", follow=True)
    assert "account/reauthenticate.html" in templates(page)


def test_secrets_are_not_readable_in_the_database(client: Client, ada: User) -> None:
    secret = set_up(client)
    left = codes(client)
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    assert not [code for code in left if code in kept]


def test_with_another_secret_key_no_code_fits(client: Client, ada: User, settings: Settings) -> None:
    secret = set_up(client)
    settings.SECRET_KEY = "another" * 8
    empty = base64.b32encode(b"").decode()
    for code in (code_of(secret), code_of(empty)):
        assert "Incorrect code." in log_in(Client(), code)


def test_cancelling_leads_back_to_the_log_in(client: Client, ada: User) -> None:
    set_up(client)
    other = Client()
    other.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    assert other.post("/accounts/logout/", {"next": "/accounts/login/"}).headers["Location"] == "/accounts/login/"
    assert other.get("/accounts/2fa/authenticate/").headers["Location"] == "/accounts/login/"


# Demanded of admins


@pytest.fixture
def admin(ada: User, settings: Settings) -> User:
    settings.SECOND_FACTOR = "admins"
    ada.is_staff = ada.is_superuser = True
    ada.save()
    return ada


@pytest.mark.parametrize("path", ["/", "/admin/", "/audit/", "/status/"])
def test_admins_without_one_get_no_further(client: Client, admin: User, path: str) -> None:
    response = client.get(path, follow=True)
    assert response.redirect_chain[-1][0] == "/accounts/2fa/totp/activate/"
    assert "second_factor" in notes(response.text)


def test_programs_and_fragments_are_told(client: Client, admin: User) -> None:
    fragment = client.get("/", headers={"HX-Request": "true"})
    assert fragment.headers["HX-Redirect"] == "/accounts/2fa/totp/activate/"
    program = client.get("/", headers={"Accept": "application/json"})
    assert program.status_code == 403
    assert program.json()["error"] == "second_factor"


def test_admins_with_one_go_on_and_keep_it(client: Client, admin: User) -> None:
    set_up(client)
    assert client.get("/status/").status_code == 200
    client.post("/accounts/2fa/totp/deactivate/")
    assert Authenticator.objects.filter(type="totp").exists()


def test_others_are_not_asked(client: Client, ada: User, settings: Settings) -> None:
    settings.SECOND_FACTOR = "admins"
    assert client.get("/status/").status_code == 200


def test_signs_of_life_and_logging_out_stay_open(client: Client, admin: User) -> None:
    assert client.get("/livez").status_code == 200
    assert client.post("/accounts/logout/").status_code == 302
