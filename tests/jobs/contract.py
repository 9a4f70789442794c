"""What every kind of background work does, whatever its rows are about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from rq.timeouts import JobTimeoutException

from jobs.errors import CodedError
from jobs.rows import JobState


def now(kind: Any, row: Any) -> Any:
    return kind.rows.get(pk=row.pk)


def die(kind: Any, row: Any) -> None:
    """Leave a row as a worker does that was killed a while ago."""
    kind.rows.filter(pk=row.pk).update(leased_until=timezone.now() - timedelta(seconds=1))


def fail_with(error: BaseException) -> Callable[[Any, Any], None]:
    def work(row: Any, progress: Any) -> None:
        raise error

    return work


class RowContract:
    """For every row that a worker works on; the fixtures `kind` and `row` (a row that waits) come from who derives."""

    def doing(self, kind: Any, work: Callable[[Any, Any], Any]) -> Any:
        """Return the kind with another work in the place of its own."""
        return replace(kind, work=work)

    def test_it_is_claimed_once_by_two_workers(self, kind: Any, row: Any) -> None:
        first, second = kind.claim(row.pk), kind.claim(row.pk)
        assert first is not None
        assert second is None
        assert (first.state, first.attempts) == (JobState.RUNNING, 1)
        assert first.leased_until > timezone.now()

    def test_a_successor_frees_at_once_what_was_held_in_its_place(
        self, kind: Any, row: Any, sent: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LIKENESS_WORKER", "here")
        assert kind.claim(row.pk)
        monkeypatch.setenv("LIKENESS_WORKER", "there")
        assert kind.reclaim() == 0
        monkeypatch.setenv("LIKENESS_WORKER", "here")
        sent.clear()
        assert kind.reclaim() == 1
        assert now(kind, row).state == JobState.WAITING
        assert sent == [kind.job_id(row.pk)]

    def test_it_fails_once_its_worker_was_killed_too_often(self, kind: Any, row: Any) -> None:
        for attempt in range(settings.ENV.max_attempts):
            held = kind.claim(row.pk)
            assert held is not None
            assert held.attempts == attempt + 1
            die(kind, row)
        assert kind.claim(row.pk) is None
        assert kind.free_lost() == 1
        given_up = now(kind, row)
        assert (given_up.state, given_up.error_code) == (JobState.FAILED, "worker_lost")
        assert str(settings.ENV.max_attempts) in given_up.error_sentence
        assert kind.resume() == 0

    def test_an_unforeseen_error_fails_it_by_name(self, kind: Any, row: Any, caplog: pytest.LogCaptureFixture) -> None:
        self.doing(kind, fail_with(ZeroDivisionError("by zero"))).run(row.pk)
        failed = now(kind, row)
        assert (failed.state, failed.lease, failed.leased_until) == (JobState.FAILED, None, None)
        assert (failed.error_code, failed.error_params) == (
            "unforeseen",
            {"type": "ZeroDivisionError", "text": "by zero"},
        )
        assert failed.error_sentence == "ZeroDivisionError: by zero"
        assert "by zero" in caplog.text

    def test_a_named_error_is_kept_as_its_code(self, kind: Any, row: Any, caplog: pytest.LogCaptureFixture) -> None:
        self.doing(kind, fail_with(CodedError("out_of_milk", shops=2))).run(row.pk)
        failed = now(kind, row)
        assert (failed.state, failed.error_code, failed.error_params) == ("failed", "out_of_milk", {"shops": 2})
        assert "Traceback" not in caplog.text

    def test_what_failed_is_tried_again_on_demand(self, kind: Any, row: Any, sent: list[str]) -> None:
        assert not kind.retry(row.pk)
        self.doing(kind, fail_with(CodedError("out_of_milk", shops=2))).run(row.pk)
        sent.clear()
        assert kind.retry(row.pk)
        waiting = now(kind, row)
        assert (waiting.state, waiting.attempts, waiting.error_code, waiting.error_params) == ("waiting", 0, "", None)
        assert waiting.error_sentence == ""
        assert sent == [kind.job_id(row.pk)]
        assert kind.claim(row.pk)

    def test_a_worker_whose_time_is_over_leaves_nothing_in_hand(self, kind: Any, row: Any) -> None:
        """A row fails at once; a batch is given back, as one of its images may have taken the time of all."""
        for _attempt in range(settings.ENV.max_attempts):
            if now(kind, row).state == JobState.WAITING:
                with pytest.raises(JobTimeoutException):
                    self.doing(kind, fail_with(JobTimeoutException("900 seconds"))).run(row.pk)
            assert now(kind, row).lease is None
        assert now(kind, row).state == JobState.FAILED
        assert now(kind, row).error_code in ("timed_out", "worker_lost")


class JobContract(RowContract):
    """For every row that somebody waits for."""

    def test_what_a_killed_worker_held_is_done_by_the_next(self, kind: Any, row: Any, sent: list[str]) -> None:
        assert kind.claim(row.pk)
        assert kind.free_lost() == 0
        die(kind, row)
        assert kind.free_lost() == 1
        assert now(kind, row).state == JobState.WAITING
        kind.rows.filter(pk=row.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=1))
        sent.clear()
        kind.resume()
        assert sent == [kind.job_id(row.pk)]
        again = kind.claim(row.pk)
        assert again is not None
        assert again.attempts == 2

    def test_it_is_stopped_while_it_waits(self, kind: Any, row: Any) -> None:
        assert kind.stop(row.pk)
        assert not kind.stop(row.pk)
        assert now(kind, row).state == JobState.STOPPED
        assert kind.claim(row.pk) is None

    def test_it_is_stopped_while_it_runs(self, kind: Any, row: Any) -> None:
        def work(held: Any, progress: Any) -> None:
            kind.stop(held.pk)
            progress("fetching", 1, 2)
            raise AssertionError("the work goes on")

        self.doing(kind, work).run(row.pk)
        assert (now(kind, row).state, now(kind, row).error_code) == (JobState.STOPPED, "")

    def test_nothing_is_kept_that_came_after_the_stop(self, kind: Any, row: Any) -> None:
        self.doing(kind, lambda held, progress: kind.stop(held.pk) and None).run(row.pk)
        assert now(kind, row).state == JobState.STOPPED

    def test_nothing_is_kept_of_a_worker_that_was_thought_dead(self, kind: Any, row: Any) -> None:
        def work(held: Any, progress: Any) -> None:
            die(kind, held)
            assert kind.claim(held.pk)  # by another worker
            raise CodedError("out_of_milk")

        self.doing(kind, work).run(row.pk)
        assert (now(kind, row).state, now(kind, row).attempts, now(kind, row).error_code) == ("running", 2, "")

    def test_a_worker_whose_time_is_over_says_so(self, kind: Any, row: Any) -> None:
        with pytest.raises(JobTimeoutException):
            self.doing(kind, fail_with(JobTimeoutException("900 seconds"))).run(row.pk)
        assert (now(kind, row).state, now(kind, row).error_code) == (JobState.FAILED, "timed_out")

    def test_a_worker_that_is_asked_to_end_gives_it_back(self, kind: Any, row: Any) -> None:
        with pytest.raises(SystemExit):
            self.doing(kind, fail_with(SystemExit())).run(row.pk)
        assert (now(kind, row).state, now(kind, row).attempts, now(kind, row).lease) == ("waiting", 0, None)

    def test_who_interrupts_it_stops_it(self, kind: Any, row: Any) -> None:
        with pytest.raises(KeyboardInterrupt):
            self.doing(kind, fail_with(KeyboardInterrupt())).run(row.pk)
        assert now(kind, row).state == JobState.STOPPED

    def test_progress_is_visible_and_holds_it_longer(self, kind: Any, row: Any) -> None:
        seen: list[Any] = []

        def work(held: Any, progress: Any) -> None:
            die(kind, held)
            progress("fetching", 1, 3)
            progress("fetching", 2, 3)  # too soon after the last
            seen.append(now(kind, held))
            raise CodedError("out_of_milk")

        self.doing(kind, work).run(row.pk)
        (then,) = seen
        assert (then.phase, then.num_done, then.num_total) == ("fetching", 1, 3)
        assert then.leased_until > timezone.now()
        assert now(kind, row).phase == ""

    def test_it_is_ready_when_its_work_is_done(self, kind: Any, row: Any) -> None:
        self.doing(kind, lambda held, progress: progress.finish()).run(row.pk)
        ready = now(kind, row)
        assert (ready.state, ready.attempts, ready.lease, ready.error_code) == ("ready", 1, None, "")
        assert ready.finished_at >= ready.started_at
        assert not kind.stop(row.pk)
        assert not kind.retry(row.pk)
