"""The page of the audit: rows, filters, checks, and files to take along."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from gallery.audit_events import Action, log_act
from gallery.people.roles import Role
from jobs.errors import TIMED_OUT, sentence
from jobs.rows import JobState
from review.audit import checks, triggers
from review.audit.chain import ChainEnd, chain_end
from review.audit.verify import check
from review.models import AuditCheck, AuditRow
from review.views.audit import NEWEST, PAGE_SIZE
from tests.codes import form_codes, notes
from tests.review.people import person

pytestmark = pytest.mark.django_db
PAGE = "/audit/"


@pytest.fixture(autouse=True)
def heads_file(settings: Settings, tmp_path: Path) -> None:
    settings.AUDIT_HEADS_FILE = tmp_path / "audit-heads"


@pytest.fixture
def acts(admin_user: User) -> User:
    """Three acts of two people."""
    ada = person("ada")
    log_act(ada, Action.VERDICT, "a" * 64, kind="same")
    log_act(admin_user, Action.HIDE, "=heron")
    log_act(None, Action.UPLOAD, "heron.jpg", names=["<b>heron</b>.jpg"])
    return ada


def page(client: Client, query: str = "") -> str:
    response = client.get(PAGE + query)
    assert response.status_code == 200
    return response.content.decode()


def numbers(text: str) -> list[int]:
    return [int(part.split('"')[0]) for part in text.split('id="row-')[1:]]


def test_it_works(admin_client: Client, acts: User) -> None:
    text = page(admin_client)
    assert numbers(text) == [3, 2, 1]
    assert "without an account" in text
    assert "&lt;b&gt;heron" in text
    assert str(chain_end()) in text
    assert notes(text) == ["not_checked"]
    assert "chip-bad" not in text


@pytest.mark.parametrize("role", [role for role in Role if role < Role.ADMIN])
def test_only_admins_read_it(client: Client, role: Role) -> None:
    client.force_login(person("eve", role))
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}check/").status_code == 403
    assert client.post(f"{PAGE}export/", {"format": "csv"}).status_code == 403
    assert not AuditRow.objects.exists()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?person=ada", [1]),
        ("?act=hide", [2]),
        ("?subject=HERON", [3, 2]),
        ("?since=2026-02-01", [2]),
        ("?until=2026-01-31", [3, 1]),
        ("?since=2026-01-02&until=2026-01-02", [3]),
        ("?person=ada&act=hide", []),
    ],
)
def test_filters(admin_client: Client, query: str, found: list[int], admin_user: User) -> None:
    ada = person("ada")
    told = [
        (ada, Action.VERDICT, "a", 1, 1),
        (admin_user, Action.HIDE, "=heron", 2, 1),
        (None, Action.EDIT, "Heron", 1, 2),
    ]
    for user, action, subject, month, day in told:
        log_act(user, action, subject)
        triggers.remove()
        newest = AuditRow.objects.order_by("-number").values("number")[:1]
        moment = datetime(2026, month, day, 12, tzinfo=UTC)
        AuditRow._base_manager.filter(number=newest[0]["number"]).update(happened_at=moment)
    assert numbers(page(admin_client, query)) == found


@pytest.mark.parametrize(
    ("query", "code"),
    [("?act=fly", "invalid_choice"), ("?since=soon", "invalid"), ("?person=" + "x" * 200, "max_length")],
)
def test_a_filter_that_cannot_be_read_says_so(admin_client: Client, acts: User, query: str, code: str) -> None:
    response = admin_client.get(PAGE + query)
    assert form_codes(response.context["form"]) == {code}
    assert response.text.count("field-error") == 1
    assert numbers(response.text) == [3, 2, 1]


def test_nothing_found_says_so(admin_client: Client, acts: User) -> None:
    assert "none_passes" in notes(page(admin_client, "?person=nobody"))


def test_an_empty_audit_says_so(admin_client: Client) -> None:
    assert "none_yet" in notes(page(admin_client))


def test_pages_begin_after_a_row(admin_client: Client) -> None:
    for number in range(PAGE_SIZE + 3):
        log_act(None, Action.EDIT, f"image {number}")
    first = page(admin_client)
    assert numbers(first) == list(range(PAGE_SIZE + 3, 3, -1))
    assert "?before=4" in first
    rest = admin_client.get(f"{PAGE}?before=4", headers={"HX-Request": "true"}).content.decode()
    assert numbers(rest) == [3, 2, 1]
    assert "<html" not in rest
    assert numbers(page(admin_client, "?before=x")) == numbers(first)


@pytest.mark.parametrize("num_rows", [1, PAGE_SIZE + 10])
def test_the_number_of_queries_is_fixed(
    admin_client: Client, num_rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(num_rows):
        log_act(None, Action.EDIT, f"image {number}")
    AuditCheck.objects.create()
    with django_assert_num_queries(5):  # session, account, rows, end, checks
        page(admin_client)


# Checks


def test_a_check_says_what_came_of_it(admin_client: Client, acts: User) -> None:
    text = admin_client.post(f"{PAGE}check/", follow=True).content.decode()
    assert notes(text) == ["no_fault", "intact"]


def test_a_check_names_what_is_wrong(admin_client: Client, acts: User) -> None:
    triggers.remove()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE review_auditrow SET subject = 'x' WHERE number = 2")
    text = admin_client.post(f"{PAGE}check/", follow=True).content.decode()
    assert notes(text) == ["faults", "tampered"]
    assert "Row 2:" in text
    assert set(re.findall(r'data-fault="(\w+)"', text)) == {"changed", "unguarded"}
    assert "review_auditrow" in text


def test_a_large_audit_is_checked_later(admin_client: Client, acts: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "AT_ONCE_ROWS", 1)
    text = admin_client.post(f"{PAGE}check/", follow=True).content.decode()
    assert notes(text) == ["later", "not_checked", "check_waits"]


def test_a_check_that_could_not_be_made_says_why(admin_client: Client, acts: User) -> None:
    AuditCheck.objects.create(state=JobState.FAILED, error_code=TIMED_OUT)
    text = page(admin_client)
    assert notes(text) == ["not_checked", "check_failed"]
    assert sentence(TIMED_OUT) in text


def test_checks_that_could_not_be_made_hide_no_finding(admin_client: Client, acts: User) -> None:
    AuditCheck.objects.create(state=JobState.READY, num_faults=1, finished_at=timezone.now())
    for _number in range(NEWEST + 1):
        AuditCheck.objects.create(state=JobState.FAILED, error_code=TIMED_OUT)
    assert notes(page(admin_client)) == ["tampered", "check_failed"]


# Files to take along


def test_csv(admin_client: Client, acts: User) -> None:
    end = chain_end()
    response = admin_client.post(f"{PAGE}export/", {"format": "csv", "act": "hide"})
    rows = list(csv.DictReader(StringIO(response.getvalue().decode("utf-8-sig"))))
    assert [(row["number"], row["subject"]) for row in rows] == [("2", "'=heron")]
    assert "attachment" in response.headers["Content-Disposition"]
    told = AuditRow.objects.get(number=4)
    assert (told.action, told.actor_name, told.subject) == ("export", "admin", "audit")
    assert told.details == {"format": "csv", "filters": {"act": "hide"}, "until": end.number}


def test_json_can_be_checked_by_others(admin_client: Client, acts: User) -> None:
    end = chain_end()
    document = json.loads(admin_client.post(f"{PAGE}export/", {"format": "json"}).getvalue())
    assert document["head"] == str(end)
    rows = [row | {"happened_at": datetime.fromisoformat(row["happened_at"])} for row in document["rows"]]
    report = check(rows, [ChainEnd.read(document["head"])])
    assert report.intact
    assert report.num_rows == 3


@pytest.mark.parametrize("data", [{"format": "html"}, {}, {"format": "csv", "since": "soon"}])
def test_what_cannot_be_read_exports_nothing(admin_client: Client, acts: User, data: dict[str, str]) -> None:
    response = admin_client.post(f"{PAGE}export/", data, follow=True)
    assert "not_exported" in notes(response.content.decode())
    assert AuditRow.objects.count() == 3
