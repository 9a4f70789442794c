"""Where one kind of work may differ from another, and what is sent for it, in a real Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from jobs import job, transport
from jobs.errors import CodedError
from jobs.guard import Failure, PutOffError, guarded
from jobs.progress import JobStoppedError, Progress
from jobs.rows import JobState
from tests.jobs.errands import QUEUE, Errand, errands
from tests.search.processes import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def unsent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "send_after_commit", lambda *args, **options: True)


def fetch(row: Errand, progress: Progress[Errand]) -> dict[str, Any]:
    return {"fetched": [row.name]}


def fail_with(error: BaseException) -> Callable[[Errand, Progress[Errand]], None]:
    def work(row: Errand, progress: Progress[Errand]) -> None:
        raise error

    return work


@pytest.mark.usefixtures("unsent")
def test_it_works() -> None:
    kind = errands(fetch)
    row = kind.ask(name="milk")
    assert kind.active() == row
    kind.run(row.pk)
    kind.run(row.pk)  # its twin, which finds nothing to do
    row.refresh_from_db()
    assert (row.state, row.fetched, row.attempts) == ("ready", ["milk"], 1)
    assert not row.is_active
    assert kind.active() is None
    kind.run(0)  # a row that is gone is no failure


def test_a_kind_is_registered_and_run_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "KINDS", {})
    made = job.job(Errand, queue=QUEUE, name="errand", lease_seconds=5)(fetch)
    assert dict(job.KINDS) == {"errand": made}
    row = Errand.objects.create(name="milk")
    job.run("errand", str(row.pk))
    assert Errand.objects.get().fetched == ["milk"]
    assert job.reclaim() == 0


@pytest.mark.usefixtures("redis")
def test_a_row_is_sent_once_however_often_it_is_asked_for(settings: LazySettings) -> None:
    kind = errands(fetch)
    rows = [Errand.objects.create(name=name) for name in ("milk", "bread")]
    Errand.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    for _time in range(2):
        assert transport.send(QUEUE, "jobs.job.run", kind.name, str(rows[0].pk), job_id=kind.job_id(rows[0].pk))
    assert transport.queued_ids(QUEUE) == {f"errand-{rows[0].pk}"}
    assert transport.num_queued(QUEUE) == 1
    (queued,) = transport.queue_named(QUEUE).get_jobs()
    assert (queued.func_name, queued.args) == ("jobs.job.run", ["errand", str(rows[0].pk)])
    assert kind.send_waiting() == 1  # the other: work of one kind does not keep another waiting


def test_what_is_asked_for_is_sent_after_the_commit(django_capture_on_commit_callbacks: Any) -> None:
    kind = errands(fetch)
    with django_capture_on_commit_callbacks() as callbacks:
        kind.ask(name="milk")
    assert len(callbacks) == 1


@pytest.mark.django_db(transaction=True)
def test_without_redis_it_waits(settings: LazySettings) -> None:
    row = Errand.objects.create(name="milk")
    try:
        kind = errands(fetch)
        assert not kind.send(row.pk)
        Errand.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
        assert kind.send_waiting() == 0
        assert kind.resume() == 0
        assert Errand.objects.get().state == JobState.WAITING
    finally:
        Errand.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_one_claims_it() -> None:
    row = Errand.objects.create(name="milk")
    kind, claims, ready = errands(fetch), [], threading.Barrier(4)

    def claim() -> None:
        ready.wait(PATIENCE_SECONDS)
        claims.append(kind.claim(row.pk))
        connection.close()

    threads = [threading.Thread(target=claim) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    try:
        assert len(claims) == 4
        assert [claimed.attempts for claimed in claims if claimed] == [1]
    finally:
        Errand.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_one_makes_the_row() -> None:
    given: list[int] = []
    ready = threading.Barrier(4)

    def ask() -> None:
        ready.wait(PATIENCE_SECONDS)
        given.append(Errand.active_or_new(name="milk").pk)
        connection.close()

    threads = [threading.Thread(target=ask) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    try:
        assert (len(given), len(set(given)), Errand.objects.count()) == (4, 1, 1)
    finally:
        Errand.objects.all().delete()


def test_what_was_done_before_is_discarded_and_the_end_is_told() -> None:
    told: list[tuple[str, str]] = []
    hooks: dict[str, Callable[[Errand], None]] = {
        "before": lambda row: told.append(("before", row.state)),
        "ended": lambda row: told.append(("ended", row.name)),
    }
    row = Errand.objects.create(name="milk")
    errands(fail_with(CodedError("sold_out")), **hooks).run(row.pk)
    assert told == [("before", "running"), ("ended", "milk")]
    told.clear()
    other = Errand.objects.create(name="bread", state="running", attempts=3, leased_until=timezone.now())
    assert errands(fetch, **hooks).free_lost() == 1
    assert told == [("ended", other.name)]
    told.clear()
    errands(fetch, **hooks).run(Errand.objects.create(name="eggs").pk)
    assert told == [("before", "running")]


def test_an_error_before_the_work_fails_it_too() -> None:
    row = Errand.objects.create(name="milk")
    errands(fetch, before=lambda row: row.fetched["milk"]).run(row.pk)  # type: ignore[index]
    assert Errand.objects.get().error_code == "unforeseen"


def test_an_absent_database_is_no_fault_of_the_work(caplog: pytest.LogCaptureFixture) -> None:
    row, kind = Errand.objects.create(name="milk"), errands(fail_with(OperationalError("database is locked")))
    seen = []
    for _time in range(4):
        kind.run(row.pk)
        row.refresh_from_db()
        seen.append((row.state, row.attempts, row.error_code))
    assert seen == [("waiting", 1, ""), ("waiting", 2, ""), ("failed", 3, "unforeseen"), ("failed", 3, "unforeseen")]


@pytest.mark.parametrize(("counts", "expected"), [(True, ("failed", 3)), (False, ("running", 0))])
def test_what_is_absent_is_tried_again_later(
    counts: bool, expected: tuple[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    pause = timedelta(seconds=5)
    row = Errand.objects.create(name="milk")
    kind = errands(fail_with(PutOffError("shop_closed", pause=pause, counts=counts)))
    kind.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.lease, row.error_code, row.attempts) == ("running", None, "shop_closed", int(counts))
    assert timezone.now() < row.leased_until <= timezone.now() + pause
    for _time in range(5):
        kind.run(row.pk)  # too early
        assert Errand.objects.get().attempts == row.attempts
        Errand.objects.update(leased_until=timezone.now())
        kind.run(row.pk)
        row.refresh_from_db()
    assert (row.state, row.attempts, row.error_code) == (*expected, "shop_closed")


def test_to_be_stopped_with_the_worker_is_no_attempt() -> None:
    row, kind = Errand.objects.create(name="milk"), errands(fetch)
    assert kind.claim(row.pk)
    assert kind.reclaim(counts=False) == 1
    assert (Errand.objects.get().state, Errand.objects.get().attempts) == ("waiting", 0)


def test_work_may_finish_within_its_own_transaction() -> None:
    row = Errand.objects.create(name="milk")
    kind = errands(fetch)

    def work(held: Errand, progress: Progress[Errand]) -> None:
        progress.keep(fetched=["a bag"])
        kind.stop(held.pk)
        with transaction.atomic():
            Errand.objects.create(name="left over")
            progress.finish(fetched=["milk"])

    errands(work).run(row.pk)
    assert list(Errand.objects.values_list("name", "state", "fetched")) == [("milk", "stopped", ["a bag"])]


def test_whoever_waits_at_the_terminal_is_told_as_well() -> None:
    told: list[tuple[str, int, int]] = []

    def work(row: Errand, progress: Progress[Errand]) -> None:
        progress("walking", 1, 2)
        progress("walking", 2, 2)

    errands(work).run(Errand.objects.create(name="milk").pk, tell=lambda *what: told.append(what))
    assert told == [("walking", 1, 2), ("walking", 2, 2)]


def test_parts_of_the_work_may_fail_alone(caplog: pytest.LogCaptureFixture) -> None:
    assert guarded(lambda: 7) == 7
    assert guarded(fail(CodedError("sold_out", shops=1))) == Failure("sold_out", {"shops": 1})
    assert caplog.text == ""
    found = guarded(fail(MemoryError("much")), "milk", passing=())
    assert isinstance(found, Failure)
    assert (found.code, str(found), type(found.error)) == ("unforeseen", "MemoryError: much", MemoryError)
    assert "milk failed" in caplog.text


@pytest.mark.parametrize("error", [JobStoppedError(), MemoryError(), OperationalError(), KeyboardInterrupt()])
def test_what_ends_the_whole_work_is_raised_on(error: BaseException) -> None:
    with pytest.raises(type(error)):
        guarded(fail(error))


def fail(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work
