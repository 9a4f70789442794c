"""The database itself refuses to change or remove what is only ever added."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from gallery.audit_events import Action, log_act
from review.audit import triggers
from review.models import AuditRow, Verdict
from review.verdicts.record import make

pytestmark = pytest.mark.django_db
ONE, OTHER = "1" * 64, "a" * 64


@pytest.fixture
def verdict(django_user_model: type[User]) -> Verdict:
    kept = make(ONE, OTHER, "same", author=django_user_model.objects.create_user("ada"))
    with transaction.atomic():
        kept.save()
        log_act(kept.author, Action.VERDICT, f"{ONE} {OTHER}")
    return kept


def execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_it_works(verdict: Verdict) -> None:
    assert triggers.missing() == []
    assert {model.__name__ for model in triggers.guarded_models()} >= {"AuditRow", "Verdict"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE review_auditrow SET subject = 'x'",
        "UPDATE review_auditrow SET actor_id = NULL",
        "DELETE FROM review_auditrow",
        "UPDATE review_verdict SET kind = 'different'",
        "UPDATE review_verdict SET author_id = NULL, note = 'x'",
        "UPDATE review_verdict SET author_id = author_id + 1",
        "DELETE FROM review_verdict",
    ],
)
def test_changes_are_refused(verdict: Verdict, statement: str) -> None:
    with pytest.raises(IntegrityError, match="never changed"):
        execute(statement)
    assert Verdict.objects.get().kind == "same"
    assert AuditRow.objects.get().subject == f"{ONE} {OTHER}"


def test_an_account_may_go(verdict: Verdict) -> None:
    assert verdict.author is not None
    verdict.author.delete()
    assert Verdict.objects.get().author is None


def test_a_lost_trigger_is_told_and_put_back() -> None:
    triggers.remove()
    assert "review_auditrow" in triggers.missing()
    triggers.install()
    assert triggers.missing() == []


@pytest.mark.parametrize("act", [triggers.install, triggers.remove])
def test_both_may_be_done_twice(act: Callable[[], None]) -> None:
    act()
    act()


@pytest.mark.django_db(transaction=True)
def test_emptying_the_whole_database_still_works(verdict: Verdict) -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert not Verdict.objects.exists()
    assert not AuditRow.objects.exists()
    assert triggers.missing() == []
