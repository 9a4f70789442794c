"""How far a queue is, and how far its readers agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from gallery.models import Image
from review.models import Queue, QueuedPair, Reading
from review.queues.assign import assign_pair
from review.queues.progress import comparisons_of, pace_of, progress_of_queues, reader_progress
from review.queues.reading import decide
from tests.review.people import person
from tests.review.queues.rows import make_queue, pair_at

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)


def times(*seconds: float) -> list[datetime]:
    return [START + timedelta(seconds=each) for each in sorted(seconds, reverse=True)]


def test_it_works(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    queue, ada = make_queue(6), person("ada")
    for position in range(1, 5):
        assign_pair(queue, ada)
        decide(pair_at(queue, position), ada, "same")
    for number, reading in enumerate(Reading.objects.order_by("pk")):
        reading.decided_at = START + timedelta(seconds=8 * number)
        reading.save()
    with django_assert_num_queries(3):
        found = reader_progress(queue, ada)
    assert (found.num_done, found.num_total, found.num_left, found.seconds_left) == (4, 6, 2, 16)


def test_what_others_finished_is_done_for_all() -> None:
    ada, bob = person("ada"), person("bob")
    one, two = make_queue(2), Queue.objects.create(name="two", source="nearest", state="ready", two_readers=True)
    for pair in one.pairs.all():
        QueuedPair.objects.create(
            queue=two, position=pair.position, first_sha256=pair.first_sha256, second_sha256=pair.second_sha256
        )
    decide(pair_at(one, 1), bob, "same")
    decide(pair_at(two, 1), bob, "same")
    assert reader_progress(one, ada).num_done == 1
    assert reader_progress(two, ada).num_done == 0  # hers is still wanted
    assert reader_progress(two, bob).num_done == 1


def test_pairs_that_are_gone_or_closed_to_the_reader_do_not_count() -> None:
    queue, ada = make_queue(3), person("ada")
    QueuedPair.objects.filter(position=1).update(state=QueuedPair.State.GONE)
    Image.objects.filter(pk=Image.objects.order_by("pk")[2].pk).update(common=False)
    found = reader_progress(queue, ada)
    assert (found.num_total, found.num_gone, found.seconds_left) == (1, 1, None)


@pytest.mark.parametrize(
    ("at", "seconds"),
    [
        (times(0, 5, 15, 20), 5),
        (times(0, 5, 15, 20, 3600, 3604), 5),
        (times(0, 5, 10), None),
        ([], None),
    ],
)
def test_the_pace_is_the_median_without_pauses(at: list[datetime], seconds: float | None) -> None:
    assert pace_of(at) == seconds


def test_courses_are_told_in_two_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    first, ada, bob = make_queue(4, two_readers=True), person("ada"), person("bob")
    second = Queue.objects.create(name="empty", source="nearest", state="ready")
    for position, kinds in enumerate([("same", "same"), ("same", "different"), ("related", "")], start=1):
        for user, kind in zip((ada, bob), kinds, strict=True):
            if kind:
                decide(pair_at(first, position), user, kind)
    QueuedPair.objects.filter(position=4).update(state=QueuedPair.State.GONE)
    with django_assert_num_queries(2):
        found = progress_of_queues([first, second])
    progress = found[first.pk]
    assert (progress.num_decided, progress.num_conflicts, progress.num_gone, progress.num_to_decide) == (1, 1, 1, 3)
    assert progress.readers == [("ada", 3), ("bob", 2)]
    assert found[second.pk].num_to_decide == 0


def test_two_readers_are_compared(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    queue, ada, bob = make_queue(4, two_readers=True), person("ada"), person("bob")
    answers = [("same", "near_duplicate"), ("different", "different"), ("same", "same"), ("unsure", "different")]
    for position, kinds in enumerate(answers, start=1):
        for user, kind in zip((bob, ada), reversed(kinds), strict=True):
            decide(pair_at(queue, position), user, kind)
    with django_assert_num_queries(1):
        (found,) = comparisons_of(queue)
    assert found.readers == ("ada", "bob")
    assert found.kinds.num_pairs == 4
    assert found.table[0][1] == 1  # ada says same, bob near duplicate
    assert found.groups.num_pairs == 3
    assert found.groups.kappa == 1


def test_several_people_are_compared_together_as_well() -> None:
    queue, people = make_queue(2, two_readers=True), [person(name) for name in ("ada", "bob", "cyd")]
    decide(pair_at(queue, 1), people[0], "same")
    decide(pair_at(queue, 1), people[1], "same")
    decide(pair_at(queue, 2), people[2], "same")
    decide(pair_at(queue, 2), people[0], "different")
    assert [(each.readers, each.kinds.num_pairs) for each in comparisons_of(queue)] == [
        (("", ""), 2),
        (("ada", "bob"), 1),
        (("ada", "cyd"), 1),
    ]
