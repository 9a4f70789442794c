"""Deciding, and taking it back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from gallery.audit_events import Action
from review.exceptions import VerdictError
from review.models import AuditRow, Verdict
from review.verdicts.decide import NewerVerdictError, decide, newest_of, undo
from review.verdicts.record import current, record
from tests.codes import refused
from tests.review.people import person

pytestmark = pytest.mark.django_db
A, B = "1" * 64, "a" * 64


@pytest.fixture
def ada() -> User:
    return person("ada")


def counting() -> list[str]:
    return [each.kind for each in current()]


def test_it_works(ada: User) -> None:
    verdict = decide(ada, B, A, "same", note="one frame", state={"score": 0.9}, seen=0)
    assert (verdict.first_sha256, verdict.author, verdict.note) == (A, ada, "one frame")
    row = AuditRow.objects.get()
    assert (row.action, row.subject, row.actor_name) == (Action.VERDICT, f"{A} {B}", "ada")
    assert row.details["verdict"] == verdict.pk


def test_a_change_of_mind_is_a_new_row(ada: User) -> None:
    first = decide(ada, A, B, "same", seen=0)
    decide(ada, A, B, "different", seen=first.pk)
    assert counting() == ["different"]
    assert Verdict.objects.count() == 2


def test_another_window_is_noticed(ada: User) -> None:
    newest = decide(ada, A, B, "same", seen=0)
    with refused(NewerVerdictError, "decided_in_another_window", kind="same") as refusal:
        decide(ada, A, B, "different", seen=0)
    assert refusal.value.verdict == newest
    assert counting() == ["same"]


def test_a_button_pressed_twice_decides_once(ada: User) -> None:
    first = decide(ada, A, B, "same", seen=0)
    assert decide(ada, A, B, "same", seen=0) == first
    assert decide(ada, A, B, "same", seen=first.pk) == first
    assert Verdict.objects.count() == 1
    decide(ada, A, B, "same", seen=first.pk, note="now with a reason")
    assert Verdict.objects.count() == 2


def test_who_does_not_ask_is_not_stopped(ada: User) -> None:
    decide(ada, A, B, "same")
    decide(ada, A, B, "same")
    assert Verdict.objects.count() == 2


def test_a_verdict_dated_in_the_future_is_still_replaced(ada: User) -> None:
    record(A, B, "same", author=ada, decided_at=timezone.now() + timedelta(days=1))
    decide(ada, A, B, "different")
    assert counting() == ["different"]


def test_undo_withdraws_the_only_verdict(ada: User) -> None:
    verdict = decide(ada, A, B, "same")
    row = undo(ada, verdict.pk)
    assert (row.kind, row.state) == ("withdrawn", {"undoes": verdict.pk})
    assert Verdict.objects.count() == 2


def test_undo_brings_back_what_was_said_before(ada: User) -> None:
    decide(ada, A, B, "related", note="same harbor", state={"score": 0.5})
    row = undo(ada, decide(ada, A, B, "same").pk)
    assert (row.kind, row.note) == ("related", "same harbor")
    assert row.state["score"] == 0.5
    assert undo(ada, row.pk).kind == "same"


def test_only_the_newest_can_be_undone(ada: User) -> None:
    first = decide(ada, A, B, "related")
    newest = decide(ada, A, B, "same")
    with pytest.raises(NewerVerdictError) as refusal:
        undo(ada, first.pk)
    assert refusal.value.verdict == newest
    assert newest_of(ada, A, B) == newest


def test_nobody_undoes_for_others(ada: User) -> None:
    verdict = decide(ada, A, B, "same")
    with pytest.raises(Verdict.DoesNotExist):
        undo(person("bob"), verdict.pk)


def test_a_refused_verdict_leaves_nothing(ada: User) -> None:
    with pytest.raises(VerdictError):
        decide(ada, A, B, "alike")
    assert not Verdict.objects.exists()
    assert not AuditRow.objects.exists()
