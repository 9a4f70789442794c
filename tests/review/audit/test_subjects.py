"""What rows of the audit log are about: rows with words of version 0.1, and rows with a number and a kind."""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override
from pytest_django.fixtures import Settings

from gallery.audit_events import Action, Many, log_act, subject_of
from review.audit.chain import ChainEnd, append, chain_end
from review.audit.subjects import in_words
from review.audit.verify import check, verify
from review.models import AuditRow

pytestmark = pytest.mark.django_db
SUBJECT = re.compile(r'class="audit-subject">([^<]*)<')


@pytest.fixture
def both(settings: Settings, tmp_path: Path) -> None:
    """A row as version 0.1 sealed it, and one of today, of the same act."""
    settings.AUDIT_HEADS_FILE = tmp_path / "audit-heads"
    append(None, Action.HIDE, "3 images", {"sha256": ["a", "b", "c"]})
    log_act(None, Action.HIDE, Many("images", 3), sha256=["a", "b", "c"])


@pytest.mark.usefixtures("both")
def test_it_works(admin_client: Client) -> None:
    new, old = AuditRow.objects.all()
    assert (old.subject, old.details) == ("3 images", {"sha256": ["a", "b", "c"]})
    assert (new.subject, new.details) == ("", {"sha256": ["a", "b", "c"], "subject": {"kind": "images", "num": 3}})
    assert SUBJECT.findall(admin_client.get("/audit/").text) == ["3 images", "3 images"]
    assert admin_client.get("/admin/review/auditrow/").text.count(">3 images<") == 2


@pytest.mark.usefixtures("both")
def test_rows_of_both_kinds_are_verified_together() -> None:
    report = verify()
    assert (report.intact, report.num_rows) == (True, 2)


@pytest.mark.usefixtures("both")
def test_rows_of_both_kinds_can_be_checked_in_an_export(admin_client: Client) -> None:
    end = chain_end()
    document = json.loads(admin_client.post("/audit/export/", {"format": "json"}).getvalue())
    rows = [row | {"happened_at": datetime.fromisoformat(row["happened_at"])} for row in document["rows"]]
    report = check(rows, [end, ChainEnd.read(document["head"])])
    assert (report.intact, report.num_rows) == (True, 2)
    listed = admin_client.post("/audit/export/", {"format": "csv", "act": "hide"}).getvalue().decode("utf-8-sig")
    found = [(row["subject"], json.loads(row["details"]).get("subject")) for row in csv.DictReader(StringIO(listed))]
    assert found == [("3 images", None), ("", {"kind": "images", "num": 3})]


@pytest.mark.parametrize(
    ("subject", "details", "words"),
    [
        ("heron", {}, "heron"),
        ("", {}, ""),
        ("", {"subject": {"kind": "images", "num": 1}}, "1 image"),
        ("", {"subject": {"kind": "groups", "num": 2}}, "2 groups"),
        ("", {"subject": {"kind": "verdicts", "num": 1}}, "1 verdict"),
        ("", {"subject": {"kind": "gallery.Tag", "num": 2}}, "2 tags"),
        ("", {"subject": {"kind": "gallery.Gone", "num": 2}}, "2 gallery.Gone"),
        ("", {"subject": {"kind": "of a later version", "num": 2}}, "2 of a later version"),
        ("kept", {"subject": {"kind": "images", "num": 3}}, "kept"),
        ("", {"subject": {"kind": ["images"], "num": 3}}, ""),
        ("", {"subject": {"kind": "images", "num": "3"}}, ""),
        ("", {"subject": "images"}, ""),
        ("", ["no object"], ""),
    ],
)
def test_words(subject: str, details: Any, words: str) -> None:
    assert in_words(subject, details) == words


def test_words_are_those_of_the_reader() -> None:
    with override("de"):
        assert in_words("", {"subject": {"kind": "auth.User", "num": 2}}) == "2 Benutzer"
    assert in_words("", {"subject": {"kind": "auth.User", "num": 2}}) == "2 users"


def test_one_image_is_named_by_its_sum() -> None:
    assert subject_of(["a" * 64]) == "a" * 64
    assert subject_of(["a" * 64, "b" * 64]) == Many("images", 2)
