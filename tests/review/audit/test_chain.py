"""The audit log: one row for each action, in the action's own transaction, without gaps."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction

from gallery.audit_events import Action, log_act
from gallery.models import Collection
from review.audit.chain import ChainEnd, chain_end
from review.audit.hashing import row_hash
from review.exceptions import AnchorError, AppendOnlyError
from review.models import AuditRow
from tests.codes import refused

pytestmark = pytest.mark.django_db


def sealed(row: AuditRow) -> str:
    names = ("number", "happened_at", "actor_id", "actor_name", "action", "subject", "details", "previous_hash")
    return row_hash(**{name: getattr(row, name) for name in names})


def test_it_works(admin_user: User) -> None:
    log_act(admin_user, Action.EDIT, "a" * 64, before={"title": "Heron"}, after={"title": "Grey heron"})
    log_act(admin_user, Action.EXPORT, "verdicts", rows=3.0)
    first, second = AuditRow.objects.order_by("number")
    assert (first.number, first.actor, first.actor_name) == (1, admin_user, "admin")
    assert (first.action, first.subject) == ("edit", "a" * 64)
    assert first.details == {"before": {"title": "Heron"}, "after": {"title": "Grey heron"}}
    assert (first.previous_hash, second.previous_hash) == ("", first.hash)
    assert [sealed(row) for row in (first, second)] == [first.hash, second.hash]
    assert chain_end() == ChainEnd(2, second.hash)
    assert str(second) == "2: export"


@pytest.mark.parametrize("user", [None, AnonymousUser()])
def test_acts_without_an_account_are_kept_too(user: Any) -> None:
    log_act(user, Action.UPLOAD, "heron.jpg")
    row = AuditRow.objects.get()
    assert (row.actor_id, row.actor_name) == (None, "")


def test_the_row_outlives_the_account(django_user_model: type[User]) -> None:
    user = django_user_model.objects.create_user("ada")
    log_act(user, Action.HIDE, "heron")
    pk = user.pk
    user.delete()
    row = AuditRow.objects.get()
    assert (row.actor_id, row.actor_name, row.hash) == (pk, "ada", sealed(row))


def test_a_long_subject_is_cut_and_odd_characters_are_replaced() -> None:
    log_act(None, Action.EDIT, "n" * 400, names=["\0", "\udcff"])
    log_act(None, Action.EDIT, "\udcff\0")
    first, second = AuditRow.objects.order_by("number")
    assert first.subject == "n" * 299 + "…"
    assert first.details == {"names": ["\ufffd", "?"]}
    assert second.subject == "?\ufffd"
    assert [sealed(row) for row in (first, second)] == [first.hash, second.hash]


def test_what_cannot_be_kept_fails_the_act() -> None:
    with pytest.raises(ValueError, match="JSON"):
        log_act(None, Action.EDIT, "heron", score=float("nan"))
    assert not AuditRow.objects.exists()


def test_the_log_hears_of_the_end_now_and_then(
    caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review.audit.chain.LOG_EVERY", 2)
    for _ in range(3):
        with caplog.at_level(logging.INFO, "review.audit.chain"), django_capture_on_commit_callbacks(execute=True):
            log_act(None, Action.EDIT, "heron")
    end = AuditRow.objects.get(number=2)
    (message,) = caplog.messages
    assert message.endswith(f" {end.hash}:2")


def test_rows_are_never_changed_or_removed() -> None:
    log_act(None, Action.EDIT, "heron")
    row = AuditRow.objects.get()
    for attempt in (row.save, row.delete, AuditRow.objects.all().delete, lambda: AuditRow.objects.update(subject="")):
        with pytest.raises(AppendOnlyError):
            attempt()


# One transaction: both or neither


def make_collection(*, fails: bool = False) -> None:
    """An act as views do them."""
    with transaction.atomic():
        Collection.objects.create(name="Herons")
        log_act(None, Action.COLLECTION, "Herons")
        if fails:
            raise InterruptedError


@pytest.mark.django_db(transaction=True)
def test_an_act_that_fails_leaves_no_row() -> None:
    with pytest.raises(InterruptedError):
        make_collection(fails=True)
    assert not AuditRow.objects.exists()
    assert not Collection.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_row_that_cannot_be_written_takes_the_act_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*args: Any, **kwargs: Any) -> None:
        raise OSError("gone")

    monkeypatch.setattr(AuditRow, "save", crash)
    with pytest.raises(OSError, match="gone"):
        make_collection()
    assert not AuditRow.objects.exists()
    assert not Collection.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_telling_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="edit"):
        log_act(None, Action.EDIT, "heron")


# Anchors


def test_a_head_reads_what_it_writes() -> None:
    written = ChainEnd(12, "ab" * 32)
    assert ChainEnd.read(f" {written}\n") == written


@pytest.mark.parametrize("text", ["", "12", "ab:12", "x" * 64 + ":1", "a" * 64 + ":", "a" * 64 + ":-1", "a" * 64])
def test_what_is_no_anchor_is_refused(text: str) -> None:
    with refused(AnchorError, "not_an_anchor"):
        ChainEnd.read(text)
