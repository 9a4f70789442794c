"""Blind readers: nobody sees what others decided about a pair before both have read it."""

from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from review.models import Queue
from review.queues.reading import decide
from review.verdicts.blinding import hidden_from
from tests.review.people import person
from tests.review.queues.rows import make_queue, pair_at

pytestmark = pytest.mark.django_db


def test_it_works(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    queue = make_queue(2, two_readers=True)
    ada, bob = person("ada"), person("bob")
    pairs = [(each.first_sha256, each.second_sha256) for each in queue.pairs.all()]
    decide(pair_at(queue, 1), ada, "same")
    with django_assert_num_queries(1):
        assert hidden_from(bob, pairs) == set(pairs)
    assert hidden_from(ada, pairs[:1]) == {pairs[0]}
    decide(pair_at(queue, 1), bob, "different")
    assert hidden_from(bob, pairs) == {pairs[1]}


def test_nothing_is_hidden_of_queues_of_one_reader_or_that_are_closed() -> None:
    ada = person("ada")
    queue = make_queue(1)
    pairs = [(each.first_sha256, each.second_sha256) for each in queue.pairs.all()]
    assert hidden_from(ada, pairs) == set()
    Queue.objects.update(two_readers=True)
    assert hidden_from(ada, pairs) == set(pairs)
    Queue.objects.update(closed_at=timezone.now())
    assert hidden_from(ada, pairs) == set()


def test_nothing_is_hidden_from_a_command_and_nothing_found_of_nothing() -> None:
    queue = make_queue(1, two_readers=True)
    assert hidden_from(None, [(each.first_sha256, each.second_sha256) for each in queue.pairs.all()]) == set()
    assert hidden_from(person("ada"), []) == set()
