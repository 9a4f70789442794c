"""What may not be done is refused in words that say what is needed; what was typed is not lost."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.test import Client

from gallery.people.roles import Role
from gallery.refusals import OLD_PAGE
from tests.gallery.members import client_of, make_person
from tests.gallery.rows import make_image

pytestmark = pytest.mark.django_db


@pytest.fixture
def hers() -> Client:
    return client_of(make_person("ada", Role.REVIEWER))


def test_it_works(hers: Client) -> None:
    """The page says which role is needed, and who one is."""
    data = {"action": "tag", "tag": "a tag that took long to type", "image": make_image().pk, "next": "/?q=x"}
    response = hers.post("/curate/", data)
    html = response.content.decode()
    assert response.status_code == 403
    assert response.context["exception"] in html
    assert str(Role.CURATOR.label) in response.context["exception"]
    assert str(Role.REVIEWER.label) in html
    assert f">{data['tag']}</textarea>" in html
    assert ">/?q=x<" not in html


def test_visitors_are_asked_to_log_in(client: Client) -> None:
    response = client.post("/curate/", {"action": "hide"})
    html = response.text
    assert str(Role.CURATOR.label) in response.context["exception"]
    assert 'href="/accounts/login/?next=/"' in html


def test_parts_put_it_above_the_page_and_leave_the_rest(hers: Client) -> None:
    response = hers.post("/curate/", {"action": "hide"}, headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Retarget"]) == (403, "#notices")
    assert "<html" not in response.content.decode()
    assert 'role="alert"' in response.content.decode()


def test_programs_read_json(hers: Client) -> None:
    response = hers.post("/curate/", {"action": "hide"}, headers={"Accept": "application/json"})
    assert response.status_code == 403
    assert response.json()["error"] == "forbidden"


def test_secrets_are_not_repeated(hers: Client) -> None:
    html = hers.post("/curate/", {"password": "open sesame", "code": "abc def"}).content.decode()
    assert "open sesame" not in html
    assert "abc def" not in html


def test_an_old_page_is_told_as_such() -> None:
    """Logging in changes the proof that forms carry: a page opened before has an old one."""
    client = Client(enforce_csrf_checks=True)
    response = client.post("/upload/", {"collection": "Birds of the pond"})
    html = response.content.decode()
    assert response.status_code == 403
    assert str(OLD_PAGE) in html
    assert ">Birds of the pond</textarea>" in html


@pytest.mark.parametrize(
    ("referrer", "back"),
    [
        ("http://testserver/images/7/?q=heron", "/images/7/%3Fq%3Dheron"),
        ("https://example.org/", "/"),
        ("", "/"),
    ],
)
def test_a_form_sent_after_the_log_in_ended_leads_back_to_its_page(
    client: Client, settings: LazySettings, referrer: str, back: str
) -> None:
    settings.OPEN_ACCESS = False
    response = client.post("/curate/", {"action": "hide"}, headers={"Referer": referrer})
    assert response.headers["Location"] == f"/accounts/login/?next={back}"
