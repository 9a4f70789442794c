"""Several people at one queue at the same time: nobody is given what another has, and nothing is read too often."""

from __future__ import annotations

from collections import Counter
from functools import partial
from threading import Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from review.models import Queue, QueuedPair, Reading, Verdict
from review.queues.assign import Assignment, assign_pair
from review.queues.reading import decide
from review.verdicts.decide import decide as decide_anywhere
from tests.racing import race, race_along
from tests.review.people import person
from tests.review.queues.rows import make_queue, pair_at

pytestmark = pytest.mark.django_db(transaction=True)
NUM_PEOPLE, NUM_PAIRS = 4, 16


def read_all(queue: Queue) -> list[BaseException]:
    """Let four people read the queue at once until none of them gets another pair; return what went wrong."""

    def read(user: User) -> None:
        while turn := assign_pair(queue, user):
            decide(turn.pair, user, "same")

    return race(*(partial(read, person(f"reader{number}")) for number in range(NUM_PEOPLE)))


def test_one_reader_each() -> None:
    queue = make_queue(16)
    assert read_all(queue) == []
    assert Reading.objects.count() == Verdict.objects.count() == 16
    assert set(queue.pairs.values_list("state", flat=True)) == {QueuedPair.State.DECIDED}


def test_two_readers_each() -> None:
    queue = make_queue(8, two_readers=True)
    assert read_all(queue) == []
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


def test_two_windows_of_one_person() -> None:
    queue, ada = make_queue(NUM_PAIRS), person("ada")

    def judge_anywhere(number: int) -> None:
        pair = pair_at(queue, number + 1)
        decide_anywhere(ada, pair.first_sha256, pair.second_sha256, "different")

    assert race_along(NUM_PAIRS, partial(read_at, queue, ada), judge_anywhere) == []
    assert Verdict.objects.count() == 2 * NUM_PAIRS


def test_a_pair_of_two_queues() -> None:
    queue, again = make_queue(NUM_PAIRS), make_queue(0)
    rows = queue.pairs.values("position", "first_sha256", "second_sha256", "score")
    QueuedPair.objects.bulk_create(QueuedPair(queue=again, **row) for row in rows)
    ann, bob = person("ann"), person("bob")
    acts = [partial(read_at, queue, ann), partial(read_at, again, bob)]
    assert race_along(NUM_PAIRS, *acts) == []
    assert Verdict.objects.count() == 2 * NUM_PAIRS


def read_at(queue: Queue, user: User, number: int) -> None:
    decide(pair_at(queue, number + 1), user, "same")
