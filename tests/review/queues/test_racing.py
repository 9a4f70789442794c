"""Several people at one queue at the same time: nobody is given what another has, and nothing is read too often."""

from __future__ import annotations

from collections import Counter
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection

from review.models import Queue, QueuedPair, Reading, Verdict
from review.queues.assign import assign_pair
from review.queues.reading import decide
from review.verdicts.decide import decide as decide_anywhere
from tests.review.people import person
from tests.review.queues.rows import make_queue

pytestmark = pytest.mark.django_db(transaction=True)
NUM_PEOPLE = 4


def race(queue: Queue) -> list[BaseException]:
    """Let four people read the queue at once until none of them gets another pair."""
    people = [person(f"reader{number}") for number in range(NUM_PEOPLE)]
    start, errors = Barrier(NUM_PEOPLE), list[BaseException]()

    def read(user: User) -> None:
        start.wait()
        try:
            while turn := assign_pair(queue, user):
                decide(turn.pair, user, "same")
        except BaseException as error:  # noqa: BLE001 (told by the test)
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=read, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_one_reader_each() -> None:
    queue = make_queue(16)
    assert race(queue) == []
    assert Reading.objects.count() == Verdict.objects.count() == 16
    assert set(queue.pairs.values_list("state", flat=True)) == {QueuedPair.State.DECIDED}


def test_two_readers_each() -> None:
    queue = make_queue(8, two_readers=True)
    assert race(queue) == []
    read = list(Reading.objects.values_list("pair", "slot", "reader"))
    assert Counter(pair for pair, _slot, _reader in read) == dict.fromkeys(queue.pairs.values_list("pk", flat=True), 2)
    assert len({(pair, reader) for pair, _slot, reader in read}) == 16
    assert set(queue.pairs.values_list("state", flat=True)) == {QueuedPair.State.DECIDED}


def test_two_windows_of_one_person() -> None:
    queue, ada, start = make_queue(16), person("ada"), Barrier(2)
    errors = list[BaseException]()

    def judge(kind: str, *, reads: bool) -> None:
        try:
            for pair in queue.pairs.order_by("position"):
                start.wait()
                if reads:
                    decide(pair, ada, kind)
                else:
                    decide_anywhere(ada, pair.first_sha256, pair.second_sha256, kind)
        except BaseException as error:  # noqa: BLE001 (told by the test)
            errors.append(error)
            start.abort()
        finally:
            connection.close()

    threads = [Thread(target=judge, args=(kind,), kwargs={"reads": kind == "same"}) for kind in ("same", "different")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Verdict.objects.count() == 32
