"""Checking the audit: every kind of tampering is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from gallery.audit_events import Action, log_act
from jobs import transport
from jobs.errors import sentence
from review.audit import anchors, checks, triggers
from review.audit import verify as verify_module
from review.audit.chain import ChainEnd, chain_end
from review.audit.hashing import row_hash
from review.audit.verify import HASHED_FIELDS, MOST_FAULTS, verify
from review.exceptions import AnchorError
from review.models import AuditCheck, AuditRow
from tests.codes import notes
from tests.gallery.saying import codes

pytestmark = pytest.mark.django_db
NUM_ROWS = 6


@pytest.fixture(autouse=True)
def anchors_file(settings: Settings, tmp_path: Path) -> Path:
    path = tmp_path / "audit-heads"
    settings.AUDIT_HEADS_FILE = path
    return path


@pytest.fixture
def chain() -> None:
    for number in range(NUM_ROWS):
        log_act(None, Action.EDIT, f"image {number}", title={"before": "", "after": "Grey heron"})


@pytest.fixture
def tamper(chain: None) -> Callable[..., None]:
    """Return what changes the table as somebody may who rules the database: without the triggers."""

    def execute(statement: str, *values: Any) -> None:
        triggers.remove()
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
        triggers.install()

    return execute


def kinds(*known: ChainEnd) -> list[tuple[int, str]]:
    return [(fault.number, fault.kind) for fault in verify(known).faults]


def reseal(first: int) -> None:
    """Forge every seal from a row on, as somebody would who knows how they are made."""
    triggers.remove()
    previous = AuditRow.objects.filter(number__lt=first).values_list("hash", flat=True).first() or ""
    for row in AuditRow.objects.filter(number__gte=first).order_by("number").values(*HASHED_FIELDS):
        row["previous_hash"] = previous
        previous = row_hash(**row)
        AuditRow._base_manager.filter(number=row["number"]).update(previous_hash=row["previous_hash"], hash=previous)
    triggers.install()


def test_it_works(chain: None) -> None:
    report = verify([chain_end()])
    assert report.intact
    assert (report.num_rows, report.end) == (NUM_ROWS, chain_end())


def test_nothing_is_intact_too() -> None:
    report = verify()
    assert report.intact
    assert report.end == ChainEnd()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("subject", "image 9"),
        ("actor_name", "eve"),
        ("actor_id", 7),
        ("action", "hide"),
        ("details", '{"title": {"before": "", "after": "Great egret"}}'),
        ("happened_at", "2020-01-01 00:00:00"),
    ],
)
def test_a_changed_row(tamper: Callable[..., None], column: str, value: Any) -> None:
    tamper(f"UPDATE review_auditrow SET {column} = %s WHERE number = 3", value)  # noqa: S608 (names of our own)
    assert kinds() == [(3, "changed")]


def test_a_changed_hash(tamper: Callable[..., None]) -> None:
    tamper("UPDATE review_auditrow SET hash = %s WHERE number = 3", "0" * 64)
    assert kinds() == [(3, "changed"), (4, "broken")]


def test_a_removed_row(tamper: Callable[..., None]) -> None:
    tamper("DELETE FROM review_auditrow WHERE number = 3")
    assert kinds() == [(4, "missing")]


def test_a_removed_row_whose_gap_was_closed(tamper: Callable[..., None]) -> None:
    tamper("DELETE FROM review_auditrow WHERE number = 3")
    for number in range(4, NUM_ROWS + 1):
        tamper("UPDATE review_auditrow SET number = %s WHERE number = %s", number - 1, number)
    assert kinds()[:2] == [(3, "changed"), (3, "broken")]


def test_the_first_row_removed(tamper: Callable[..., None]) -> None:
    tamper("DELETE FROM review_auditrow WHERE number = 1")
    assert kinds() == [(2, "missing")]


def test_an_inserted_row(tamper: Callable[..., None]) -> None:
    for number in range(NUM_ROWS, 2, -1):
        tamper("UPDATE review_auditrow SET number = %s WHERE number = %s", number + 1, number)
    last = AuditRow.objects.get(number=2)
    forged = {name: getattr(last, name) for name in HASHED_FIELDS} | {"number": 3, "previous_hash": last.hash}
    AuditRow(**forged, hash=row_hash(**forged)).save(force_insert=True)
    assert kinds()[:2] == [(4, "changed"), (4, "broken")]


def test_two_rows_swapped(tamper: Callable[..., None]) -> None:
    for number, now in ((2, 99), (4, 2), (99, 4)):
        tamper("UPDATE review_auditrow SET number = %s WHERE number = %s", now, number)
    assert {number for number, _kind in kinds()} >= {2, 4}


def test_a_cut_tail(tamper: Callable[..., None]) -> None:
    end = chain_end()
    tamper("DELETE FROM review_auditrow WHERE number > 4")
    assert kinds() == []
    assert kinds(end) == [(NUM_ROWS, "cut")]


def test_everything_removed(tamper: Callable[..., None]) -> None:
    end = chain_end()
    tamper("DELETE FROM review_auditrow")
    assert kinds(end) == [(NUM_ROWS, "cut")]


def test_a_chain_that_was_forged_whole(tamper: Callable[..., None]) -> None:
    end = chain_end()
    tamper("UPDATE review_auditrow SET actor_name = 'eve' WHERE number = 3")
    reseal(3)
    assert kinds() == []
    assert kinds(end) == [(NUM_ROWS, "changed")]


def test_a_lost_trigger(chain: None) -> None:
    triggers.remove()
    assert (0, "unguarded") in kinds()


def test_only_the_first_faults_are_told_one_by_one(tamper: Callable[..., None]) -> None:
    for _ in range(MOST_FAULTS):
        log_act(None, Action.EDIT, "more")
    tamper("UPDATE review_auditrow SET subject = 'x'")
    report = verify()
    assert report.num_faults == NUM_ROWS + MOST_FAULTS
    assert len(report.faults) == MOST_FAULTS


# Anchors


def test_an_anchor_is_known_from_then_on(tamper: Callable[..., None], anchors_file: Path) -> None:
    anchors.write_anchor(chain_end())
    anchors.write_anchor(chain_end())
    assert anchors.anchored() == [chain_end()]
    assert anchors_file.stat().st_mode & 0o777 == 0o600
    tamper("DELETE FROM review_auditrow WHERE number = 6")
    assert kinds() == [(6, "cut")]


def test_a_line_that_is_no_anchor_is_passed_over(chain: None, anchors_file: Path) -> None:
    anchors.write_anchor(chain_end())
    with anchors_file.open("a") as file:
        file.write("2026-01-01T00:00:00+00:00 abc")
    assert anchors.anchored() == [chain_end()]


def test_the_empty_audit_is_not_anchored(anchors_file: Path) -> None:
    anchors.write_anchor(chain_end())
    assert not anchors_file.exists()


# The command


def run_command(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_audit", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_tells_and_notes_the_head(chain: None) -> None:
    assert run_command().endswith(f" {chain_end()}\n")
    assert anchors.anchored() == [chain_end()]
    assert json.loads(run_command("--json", "--head", str(chain_end())))["intact"]


def test_the_command_speaks_json(chain: None) -> None:
    found = json.loads(run_command("--json"))
    assert found == {"intact": True, "rows": 6, "head": str(chain_end()), "num_faults": 0, "faults": []}


def test_the_command_fails_when_anything_is_wrong(tamper: Callable[..., None]) -> None:
    tamper("UPDATE review_auditrow SET subject = 'x' WHERE number = 2")
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("verify_audit", stdout=out)
    assert caught.value.returncode == 1
    assert f"Row 2: {sentence('audit_row_changed')} (changed)" in out.getvalue()
    assert anchors.anchored() == []


def test_the_command_tells_when_the_end_cannot_be_anchored(chain: None, anchors_file: Path, settings: Settings) -> None:
    settings.AUDIT_HEADS_FILE = anchors_file / "of a folder that is away"
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("verify_audit", "--json", stdout=out)
    assert caught.value.returncode == 3
    assert isinstance(caught.value.__cause__, OSError)
    assert json.loads(out.getvalue())["intact"]


def test_the_command_refuses_what_is_no_anchor() -> None:
    with pytest.raises(CommandError) as caught:
        run_command("--head", "abc")
    assert caught.value.returncode == 2
    assert isinstance(caught.value.__cause__, AnchorError)


# Checks that are kept


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that would be sent to Redis."""
    found: list[str] = []

    def send(queue: str, job: str, *about: str, job_id: str = "") -> bool:
        found.append(job_id)
        return True

    monkeypatch.setattr(transport, "send_after_commit", send)
    return found


def check_again() -> AuditCheck:
    """Have a check made as a worker does."""
    row = AuditCheck.objects.create()
    checks.audit_check.run(row.pk)
    row.refresh_from_db()
    return row


def test_a_check_keeps_what_it_found(chain: None) -> None:
    row = check_again()
    assert (row.state, row.number, row.hash, row.num_faults, row.faults) == ("ready", 6, chain_end().hash, 0, [])
    assert anchors.anchored() == [chain_end()]


def test_a_check_holds_its_row_while_it_goes_on(chain: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_module, "CHUNK", 2)
    told: list[tuple[str, int, int]] = []
    row = AuditCheck.objects.create()
    checks.audit_check.run(row.pk, lambda *about: told.append(about))
    assert told == [("checking", 2, 6), ("checking", 4, 6), ("checking", 6, 6)]
    row.refresh_from_db()
    assert (row.num_done, row.num_total) == (6, 6)


def test_an_end_that_cannot_be_noted_is_told(
    chain: None, client: Client, admin_user: User, anchors_file: Path, sent: list[str], settings: Settings
) -> None:
    settings.AUDIT_HEADS_FILE = anchors_file / "of a folder that is away"
    row = check_again()
    assert (row.state, row.number, row.num_faults, row.error_code) == ("ready", 6, 0, "anchor_not_written")
    assert str(settings.AUDIT_HEADS_FILE) in row.error_params["why"]
    client.force_login(admin_user)
    assert notes(client.get("/audit/").text)[:2] == ["intact", "anchor_not_written"]
    response = client.post("/audit/check/")
    assert codes(response) == ["anchor_not_written"]
    AuditCheck.objects.update(finished_at=timezone.now() - timedelta(minutes=50))
    checks.renew_check()
    assert sent == []
    AuditCheck.objects.update(finished_at=timezone.now() - timedelta(hours=2))
    checks.renew_check()
    assert len(sent) == 1


def test_the_reconciler_asks_for_a_check_once_a_day(chain: None, sent: list[str]) -> None:
    checks.renew_check()
    checks.renew_check()  # one waits
    row = AuditCheck.objects.get()
    assert sent == [checks.audit_check.job_id(row.pk)]
    checks.audit_check.run(row.pk)
    checks.renew_check()
    assert AuditCheck.objects.count() == 1
    AuditCheck.objects.update(finished_at=timezone.now() - timedelta(days=2))
    checks.renew_check()
    assert AuditCheck.objects.count() == 2


def test_a_check_that_failed_is_tried_again_the_same_day(chain: None, sent: list[str]) -> None:
    AuditCheck.objects.create(state="failed", finished_at=timezone.now() - timedelta(minutes=5))
    checks.renew_check()
    assert sent == []
    AuditCheck.objects.update(finished_at=timezone.now() - timedelta(hours=2))
    checks.renew_check()
    assert len(sent) == 1


def test_an_empty_audit_needs_no_check(sent: list[str]) -> None:
    checks.renew_check()
    assert not AuditCheck.objects.exists()


def test_a_check_keeps_what_is_wrong(tamper: Callable[..., None], caplog: pytest.LogCaptureFixture) -> None:
    tamper("DELETE FROM review_auditrow WHERE number = 3")
    row = check_again()
    assert row.num_faults == 1
    assert row.faults[0]["kind"] == "missing"
    assert row.faults[0]["code"] == "audit_rows_missing"
    assert "text" not in row.faults[0]  # the sentence is made when somebody reads it
    assert row.told_faults[0]["text"]
    row.faults = [{"number": 3, "kind": "missing", "text": "Rows are missing."}]  # as version 0.1 kept them
    assert row.told_faults[0]["text"] == "Rows are missing."
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert anchors.anchored() == []


def test_a_large_audit_is_checked_by_a_worker(
    chain: None, admin_user: Any, monkeypatch: pytest.MonkeyPatch, sent: list[str]
) -> None:
    monkeypatch.setattr(checks, "AT_ONCE_ROWS", 3)
    row = checks.ask(admin_user)
    assert checks.ask(admin_user) == row
    assert (row.state, row.asked_by) == ("waiting", admin_user)
    assert sent == [checks.audit_check.job_id(row.pk)] * 2
    monkeypatch.setattr(checks, "AT_ONCE_ROWS", 6)
    assert (checks.ask(admin_user).pk, checks.ask(admin_user).state) == (row.pk, "ready")


def test_old_checks_are_forgotten(chain: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "KEPT", 2)
    rows = [check_again() for _ in range(4)]
    assert set(AuditCheck.objects.all()) == set(rows[2:])


def test_a_check_is_no_act(chain: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    check_again()
    assert AuditRow.objects.count() == NUM_ROWS
