"""Several people at one queue at the same time: nobody is given what another has, and nothing is read too often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from review.models import Queue, QueuedPair, Reading, Verdict
from review.queues.assign import Assignment, assign_pair
from review.queues.reading import decide
from review.verdicts.decide import decide as decide_anywhere
from tests.review.people import person
from tests.review.queues.rows import make_queue, pair_at

pytestmark = pytest.mark.django_db(transaction=True)
NUM_PEOPLE, NUM_PAIRS = 4, 16


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


def test_who_asks_while_the_last_pair_is_in_use_waits_for_it() -> None:
    queue, ada, got = make_queue(1), person("ada"), list[Assignment | None]()

    def ask() -> None:
        got.append(assign_pair(queue, ada))
        connection.close()

    thread = Thread(target=ask)
    with transaction.atomic():
        list(queue.pairs.select_for_update())
        thread.start()
        thread.join(0.5)
        assert got == []
    thread.join()
    assert [turn.pair.position for turn in got if turn] == [1]


def race_along(*acts: Callable[[int], object]) -> list[BaseException]:
    """Do all acts at once for each position of a queue; return what went wrong."""
    start, errors = Barrier(len(acts)), list[BaseException]()

    def window(act: Callable[[int], object]) -> None:
        try:
            for position in range(1, NUM_PAIRS + 1):
                start.wait()
                act(position)
        except BaseException as error:  # noqa: BLE001 (told by the test)
            errors.append(error)
            start.abort()
        finally:
            connection.close()

    threads = [Thread(target=window, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_two_windows_of_one_person() -> None:
    queue, ada = make_queue(NUM_PAIRS), person("ada")

    def judge_anywhere(position: int) -> None:
        pair = pair_at(queue, position)
        decide_anywhere(ada, pair.first_sha256, pair.second_sha256, "different")

    assert race_along(partial(read_at, queue, ada), judge_anywhere) == []
    assert Verdict.objects.count() == 2 * NUM_PAIRS


def test_a_pair_of_two_queues() -> None:
    queue, again = make_queue(NUM_PAIRS), make_queue(0)
    rows = queue.pairs.values("position", "first_sha256", "second_sha256", "score")
    QueuedPair.objects.bulk_create(QueuedPair(queue=again, **row) for row in rows)
    ann, bob = person("ann"), person("bob")
    acts = [partial(read_at, queue, ann), partial(read_at, again, bob)]
    assert race_along(*acts) == []
    assert Verdict.objects.count() == 2 * NUM_PAIRS


def read_at(queue: Queue, user: User, position: int) -> None:
    decide(pair_at(queue, position), user, "same")
