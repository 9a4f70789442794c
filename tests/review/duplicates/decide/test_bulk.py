"""Decisions about many groups, done a few at a time."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import OperationalError

from gallery.curation import visibility
from gallery.models import Image
from gallery.people.roles import Role
from jobs.rows import JobState
from review.duplicates.decide import bulk, decisions
from review.duplicates.decide.in_force import Kind, in_force, kept_sets
from review.duplicates.decide.plan import BulkPlan, make_plan
from review.duplicates.show.visible import GroupFilter, open_groups
from review.exceptions import DuplicatesError
from review.models import AuditRow, DuplicateBulk, DuplicateScan
from review.verdicts.decide import decide
from tests.codes import refused
from tests.review.duplicates.rows import make_pair, make_scan
from tests.review.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def scan() -> DuplicateScan:
    """A scan with five groups of two."""
    found = make_scan()
    for number in range(5):
        make_pair(found, str(number), score=number / 10)
    return found


def plan_of(scan: DuplicateScan, kind: str, user: object) -> BulkPlan:
    return make_plan(open_groups(scan, GroupFilter(), user), kind, user)  # type: ignore[arg-type]


def test_it_works(scan: DuplicateScan) -> None:
    cyd = person("cyd", Role.CURATOR)
    row = bulk.ask(plan_of(scan, Kind.KEEP_ONE, cyd), Kind.KEEP_ONE, cyd, merges=True)
    assert bulk.fits_a_page(row)
    bulk.bulk_decisions.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.num_done, row.num_skipped, row.num_total) == (JobState.READY, 5, 0, 5)
    assert Image.objects.shown().count() == 5
    assert not open_groups(scan, GroupFilter(), cyd).exists()
    told = AuditRow.objects.filter(action="duplicates")
    assert [each.details["done"] for each in told] == [5]
    assert row.decisions.count() == 5


def test_keep_all(scan: DuplicateScan) -> None:
    ada = person("ada")
    row = bulk.ask(plan_of(scan, Kind.KEEP_ALL, ada), Kind.KEEP_ALL, ada)
    bulk.bulk_decisions.run(row.pk)
    assert len(kept_sets()) == 5
    assert not scan.groups.filter(decision=None).exists()


def test_each_transaction_tells_of_what_it_did(scan: DuplicateScan, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no decision is kept without its row of the audit, however the act ends."""
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    ada = person("ada")
    row = bulk.ask(plan_of(scan, Kind.KEEP_ALL, ada), Kind.KEEP_ALL, ada)
    do_some, parts = bulk._do_some, []

    def go_in_between(held: DuplicateBulk) -> None:
        if parts:
            type(ada).objects.filter(pk=ada.pk).update(is_active=False)
        parts.append(held.num_done)
        do_some(held)

    monkeypatch.setattr(bulk, "_do_some", go_in_between)
    bulk.bulk_decisions.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.num_done, row.decisions.count()) == (JobState.FAILED, 2, 2)
    told = AuditRow.objects.get(action="duplicates")
    assert told.details["subject"] == {"kind": "groups", "num": 2}
    assert (told.subject, told.details["done"], told.details["bulk"]) == ("", 2, row.pk)


def test_undo(scan: DuplicateScan) -> None:
    cyd = person("cyd", Role.CURATOR)
    done = bulk.ask(plan_of(scan, Kind.KEEP_ONE, cyd), Kind.KEEP_ONE, cyd, merges=False)
    with refused(DuplicatesError, "still_being_done"):
        bulk.ask_undo(done, cyd)
    bulk.bulk_decisions.run(done.pk)
    done.refresh_from_db()
    with refused(DuplicatesError, "decided_by_another", name="cyd"):
        bulk.ask_undo(done, person("bob", Role.CURATOR))
    row = bulk.ask_undo(done, cyd)
    bulk.bulk_decisions.run(row.pk)
    assert Image.objects.shown().count() == 10
    assert scan.groups.filter(decision=None).count() == 5
    assert not in_force().exists()
    with refused(DuplicatesError, "undone_already"):
        bulk.ask_undo(done, cyd)


def test_what_changed_meanwhile_is_left_as_it_is(scan: DuplicateScan) -> None:
    cyd = person("cyd", Role.CURATOR)
    plan = plan_of(scan, Kind.KEEP_ONE, cyd)
    row = bulk.ask(plan, Kind.KEEP_ONE, cyd, merges=True)
    visibility.trash([plan.entries[0].others[0]], cyd)
    bulk.bulk_decisions.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.num_done, row.num_skipped) == (JobState.READY, 4, 1)
    assert (row.skip_code, row.skip_params) == ("images_gone", {"gone": 1, "num": 2})


def test_what_people_disagree_about_meanwhile_is_left_as_it_is(scan: DuplicateScan) -> None:
    cyd = person("cyd", Role.CURATOR)
    plan = plan_of(scan, Kind.KEEP_ONE, cyd)
    row = bulk.ask(plan, Kind.KEEP_ONE, cyd, merges=True)
    one, other = Image.objects.filter(pk__in=plan.entries[0].members).values_list("sha256", flat=True)
    for name, verdict in (("ada", "same"), ("bob", "different")):
        decide(person(name), one, other, verdict)
    bulk.bulk_decisions.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.num_done, row.num_skipped) == (JobState.READY, 4, 1)
    assert row.skip_code == "doubted_meanwhile"
    assert Image.objects.shown().filter(pk__in=plan.entries[0].members).count() == 2


def test_a_role_withdrawn_in_between_stops_the_rest(scan: DuplicateScan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    cyd = person("cyd", Role.CURATOR)
    row = bulk.ask(plan_of(scan, Kind.KEEP_ONE, cyd), Kind.KEEP_ONE, cyd, merges=True)
    keep_one = decisions.keep_one

    def withdraw(*about: object, **options: object) -> object:
        cyd.account.role = Role.VIEWER if row.decisions.exists() else Role.CURATOR
        cyd.account.save()
        return keep_one(*about, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(decisions, "keep_one", withdraw)
    bulk.bulk_decisions.run(row.pk)
    row.refresh_from_db()
    assert (row.num_done, row.num_skipped) == (2, 3)  # what was begun is done, the rest is not
    assert row.skip_code == "role_for_all_images"


def test_an_account_that_is_gone(scan: DuplicateScan) -> None:
    cyd = person("cyd", Role.CURATOR)
    row = bulk.ask(plan_of(scan, Kind.KEEP_ONE, cyd), Kind.KEEP_ONE, cyd, merges=True)
    cyd.is_active = False
    cyd.save()
    bulk.bulk_decisions.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.num_done, row.error_code) == (JobState.FAILED, 0, "asker_gone")
    assert Image.objects.shown().count() == 10


def test_an_interrupted_act_goes_on_where_it_was(scan: DuplicateScan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    ada = person("ada")
    row = bulk.ask(plan_of(scan, Kind.KEEP_ALL, ada), Kind.KEEP_ALL, ada)
    do_some, parts = bulk._do_some, []

    def die_at_the_second(held: DuplicateBulk) -> None:
        do_some(held)
        parts.append(held.num_done)
        if len(parts) == 2:
            raise SystemExit

    monkeypatch.setattr(bulk, "_do_some", die_at_the_second)
    with pytest.raises(SystemExit):
        bulk.bulk_decisions.run(row.pk)
    assert len(kept_sets()) == 2  # the second part was rolled back with its mark
    bulk.bulk_decisions.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.num_done, len(kept_sets())) == (JobState.READY, 5, 5)
    assert parts == [2, 4, 4, 5]


def test_a_group_that_meets_an_unforeseen_error_fails_alone(
    scan: DuplicateScan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cyd = person("cyd", Role.CURATOR)
    plan = plan_of(scan, Kind.KEEP_ONE, cyd)
    row = bulk.ask(plan, Kind.KEEP_ONE, cyd, merges=True)
    keep_one, poison = decisions.keep_one, plan.entries[1].keeper

    def break_one(keeper: int, *about: object, **options: object) -> object:
        made = keep_one(keeper, *about, **options)  # type: ignore[arg-type]
        if keeper == poison:
            raise KeyError("poison")
        return made

    monkeypatch.setattr(decisions, "keep_one", break_one)
    bulk.bulk_decisions.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.num_done, row.num_skipped) == (JobState.READY, 4, 1)
    assert (row.skip_code, row.skip_params) == ("unforeseen", {"type": "KeyError", "text": "'poison'"})
    assert row.error_code == ""
    assert "KeyError" in str(caplog.records[0].exc_text)
    assert row.decisions.count() == 4
    assert Image.objects.shown().count() == 6  # both of the group that failed are there still


def test_an_act_that_moves_on_outlives_any_number_of_interruptions(
    scan: DuplicateScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    ada = person("ada")
    row = bulk.ask(plan_of(scan, Kind.KEEP_ALL, ada), Kind.KEEP_ALL, ada)
    do_some, parts = bulk._do_some, []

    def lose_the_database_after_each(held: DuplicateBulk) -> None:
        parts.append(held.num_done)
        if len(parts) > 1 and parts[-2] != held.num_done:
            raise OperationalError("gone")
        do_some(held)

    monkeypatch.setattr(bulk, "_do_some", lose_the_database_after_each)
    for _attempt in range(5):
        bulk.bulk_decisions.run(row.pk)
    row.refresh_from_db()
    assert settings.ENV.max_attempts < 5
    assert (row.state, row.num_done, row.attempts) == (JobState.READY, 5, 1)


def test_an_error_of_the_whole_run_fails_after_a_limit_of_attempts(
    scan: DuplicateScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    ada = person("ada")
    row = bulk.ask(plan_of(scan, Kind.KEEP_ALL, ada), Kind.KEEP_ALL, ada)
    keep_all = decisions.keep_all

    def lose_the_database(*about: object, **options: object) -> object:
        if row.decisions.count() >= 3:
            raise OperationalError("full")
        return keep_all(*about, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(decisions, "keep_all", lose_the_database)
    for attempt in range(1, settings.ENV.max_attempts + 1):
        bulk.bulk_decisions.run(row.pk)
        row.refresh_from_db()
        assert row.attempts == attempt
    assert (row.state, row.error_code) == (JobState.FAILED, "unforeseen")
    assert row.error_params == {"type": "OperationalError", "text": "full"}
    assert (row.num_done, row.num_skipped, row.decisions.count()) == (2, 0, 2)
    monkeypatch.setattr(decisions, "keep_all", keep_all)
    assert bulk.bulk_decisions.retry(row.pk)
    bulk.bulk_decisions.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.num_done, row.decisions.count()) == (JobState.READY, 5, 5)


def test_an_empty_plan_is_refused() -> None:
    with refused(DuplicatesError, "nothing_to_decide"):
        bulk.ask(BulkPlan(), Kind.KEEP_ALL, person("ada"))


def test_it_is_done_once(scan: DuplicateScan) -> None:
    ada = person("ada")
    row = bulk.ask(plan_of(scan, Kind.KEEP_ALL, ada), Kind.KEEP_ALL, ada)
    bulk.bulk_decisions.run(row.pk)
    bulk.bulk_decisions.run(row.pk)  # the job came twice
    assert len(kept_sets()) == 5
