"""Who may use the pages."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser, User
from django.test import Client

from gallery.people.permissions import permissions_of
from tests.codes import notes

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(settings: LazySettings) -> User:
    """An account that is not staff, on a site that is not open."""
    settings.OPEN_ACCESS = False
    return User.objects.create_user("reader", password="long enough 1")


def test_open_site_asks_for_nothing(client: Client) -> None:
    assert client.get("/").status_code == 200


def test_closed_site_leads_to_the_log_in_and_back(client: Client, reader: User) -> None:
    refused = client.get("/search/")
    assert refused.headers["Location"] == "/accounts/login/?next=/search/"
    page = client.get(refused.headers["Location"])
    assert page.status_code == 200
    assert "closed" in notes(page.content.decode())
    assert b"/banner" not in page.content
    form = {"login": "reader", "password": "long enough 1", "next": "/search/"}
    assert client.post("/accounts/login/", form).headers["Location"] == "/search/"
    assert client.get("/search/").status_code == 200


def test_logging_out_closes_the_site_again(client: Client, reader: User) -> None:
    client.force_login(reader)
    assert client.post("/accounts/logout/").status_code == 302
    assert client.get("/").status_code == 302


def test_wrong_password_says_so(client: Client, reader: User) -> None:
    page = client.post("/accounts/login/", {"login": "reader", "password": "wrong"})
    assert page.status_code == 200
    assert b'role="alert"' in page.content
    assert b'value="reader"' in page.content


def test_fragments_send_the_whole_page_to_the_log_in(client: Client, reader: User) -> None:
    response = client.get("/", headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == "/accounts/login/"


def test_programs_are_told_in_json(client: Client, reader: User) -> None:
    response = client.get("/", headers={"Accept": "application/json"})
    assert response.status_code == 401
    assert response.json()["error"] == "log_in"


@pytest.fixture
def local(settings: LazySettings, reader: User) -> None:
    """Open to the people at this machine only."""
    settings.OPEN_LOCALLY = True


@pytest.mark.usefixtures("local")
def test_who_sits_at_the_machine_is_a_visitor(client: Client) -> None:
    assert client.get("/").status_code == 200
    assert client.get("/upload/").status_code == 200
    assert "closed" not in notes(client.get("/accounts/login/").content.decode())


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize(
    "header",
    [
        "Forwarded",
        "Via",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Real-IP",
        "CF-Connecting-IP",
        "True-Client-IP",
    ],
)
def test_what_was_passed_on_by_a_proxy_is_not_from_this_machine(client: Client, header: str) -> None:
    for path in ("/", "/upload/", "/search/"):
        refused = client.get(path, headers={header: "127.0.0.1"})
        assert refused.headers["Location"].startswith("/accounts/login/")
    page = client.get("/accounts/login/", headers={header: "127.0.0.1"})
    assert "closed" in notes(page.content.decode())


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize("address", ["192.168.1.5", "", "unknown"])
def test_another_address_is_not_this_machine(address: str) -> None:
    assert Client(REMOTE_ADDR=address).get("/").status_code == 302


@pytest.mark.usefixtures("local")
def test_who_logged_in_may_come_from_anywhere(client: Client, reader: User) -> None:
    client.force_login(reader)
    assert client.get("/", headers={"X-Forwarded-For": "192.168.1.5"}).status_code == 200


@pytest.mark.usefixtures("local")
def test_without_a_request_nobody_is_a_visitor() -> None:
    assert permissions_of(AnonymousUser()).role is None


def test_a_site_that_is_open_to_all_is_open_by_proxies_too(client: Client) -> None:
    assert client.get("/", headers={"X-Forwarded-For": "192.168.1.5"}).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/accounts/login/", "/accounts/password/reset/"])
def test_public_pages_stay_open(client: Client, reader: User, path: str) -> None:
    assert client.get(path).status_code == 200
