"""Handing pairs out: in order, to as many as shall read them, and to nobody who may not see them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from gallery.models import Collection, Image, Membership
from gallery.people.roles import Role
from review.models import Queue, QueuedPair, Reading
from review.queues import reading
from review.queues.assign import Direction, assign_pair, hold, release
from tests.review.people import person
from tests.review.queues.rows import LIVES, let_time_pass, make_queue, pair_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return person("ada")


@pytest.fixture
def bob() -> User:
    return person("bob")


def taken(queue: Queue, user: User, step: Direction = Direction.AFTER, position: int = 0) -> int | None:
    """Return the position of the pair that was handed out."""
    turn = assign_pair(queue, user, step, position)
    return turn and turn.pair.position


def test_it_works(ada: User, bob: User) -> None:
    queue = make_queue(3)
    turn = assign_pair(queue, ada)
    assert turn is not None
    assert (turn.pair.position, turn.reading.slot, turn.reading.reader) == (1, 1, ada)
    assert {turn.first.sha256, turn.second.sha256} == {turn.pair.first_sha256, turn.pair.second_sha256}
    assert not turn.adjudicates
    assert taken(queue, bob) == 2
    assert taken(queue, ada) == 1  # still in her hands
    assert taken(queue, ada, position=1) == 3
    assert taken(queue, bob, position=2) == 2


def test_when_all_is_in_other_hands_there_is_nothing(ada: User, bob: User) -> None:
    queue = make_queue(1)
    assert taken(queue, ada) == 1
    assert taken(queue, bob) is None


def test_whose_time_is_over_loses_the_pair_to_the_next(ada: User, bob: User) -> None:
    queue = make_queue(1)
    assign_pair(queue, ada)
    let_time_pass()
    assert taken(queue, ada) == 1  # nobody else wanted it: more time
    assert taken(queue, bob) is None
    let_time_pass()
    assert taken(queue, bob) == 1
    assert taken(queue, ada) is None
    assert Reading.objects.get().reader == bob


def test_two_read_each_pair_where_the_queue_wants_two(ada: User, bob: User) -> None:
    queue, cyd = make_queue(1, two_readers=True), person("cyd")
    assert [taken(queue, each) for each in (ada, bob, cyd)] == [1, 1, None]
    assert sorted(Reading.objects.values_list("slot", flat=True)) == [1, 2]


def test_one_who_has_read_both_others_adjudicates(ada: User, bob: User) -> None:
    queue, cyd = make_queue(1, two_readers=True), person("cyd")
    for user, kind in ((ada, "same"), (bob, "different")):
        assert taken(queue, user) == 1
        reading.decide(pair_at(queue, 1), user, kind)
    assert pair_at(queue, 1).state == QueuedPair.State.CONFLICT
    assert taken(queue, ada) is None
    turn = assign_pair(queue, cyd)
    assert turn is not None
    assert turn.adjudicates
    assert taken(queue, person("dan")) is None


def test_whoever_judged_the_pair_elsewhere_does_not_adjudicate(ada: User, bob: User) -> None:
    from review.verdicts.record import record

    queue, cyd = make_queue(1, two_readers=True), person("cyd")
    for user, kind in ((ada, "same"), (bob, "different")):
        reading.decide(pair_at(queue, 1), user, kind)
    pair = pair_at(queue, 1)
    record(pair.first_sha256, pair.second_sha256, "same", author=cyd)
    assert taken(queue, cyd) is None


def test_keys_move_without_deciding(ada: User, bob: User) -> None:
    queue = make_queue(5)
    assert taken(queue, bob) == 1
    assert taken(queue, ada) == 2
    reading.decide(pair_at(queue, 2), ada, "same")
    assert taken(queue, ada, Direction.FORWARD, 2) == 3
    assert taken(queue, ada, Direction.BACK, 3) == 2  # what she has read, to look at it again
    assert taken(queue, ada, Direction.BACK, 2) is None  # the first is in other hands
    assert taken(queue, ada, Direction.AFTER, 3) == 4
    assert taken(queue, ada, Direction.AFTER, 5) == 3  # from the beginning again, what is decided left out
    assert taken(queue, ada, Direction.AT, 5) == 5
    assert taken(queue, ada, Direction.AT, 99) == 5
    assert taken(queue, ada, Direction.FORWARD, 5) is None


def test_what_one_passes_by_is_given_back(ada: User, bob: User) -> None:
    queue = make_queue(6)
    for position in range(5):
        assert taken(queue, ada, Direction.FORWARD, position) == position + 1
    assert sorted(Reading.objects.values_list("pair__position", flat=True)) == [3, 4, 5]
    assert [taken(queue, bob), taken(queue, bob, position=1), taken(queue, bob, position=2)] == [1, 2, 6]


def test_what_is_released_is_free_at_once_and_what_is_decided_stays(ada: User, bob: User) -> None:
    queue = make_queue(2)
    assign_pair(queue, ada)
    reading.decide(pair_at(queue, 1), ada, "same")
    assert taken(queue, ada, position=1) == 2
    assert release(queue, ada) == 1
    assert taken(queue, bob) == 2
    assert Reading.objects.filter(reader=ada).count() == 1


@pytest.mark.parametrize("life", ["closed", "building", "failed"])
def test_nothing_is_handed_out_of_a_queue_that_is_not_open(ada: User, life: str) -> None:
    queue = make_queue(1, **LIVES[life])
    assert queue.life == life
    assert assign_pair(queue, ada) is None


def test_pairs_that_one_may_not_judge_are_for_others(ada: User, bob: User) -> None:
    queue = make_queue(2)
    vault = Collection.objects.create(name="vault", private=True)
    secret = Image.objects.order_by("pk")[1]  # of the first pair
    Image.objects.filter(pk=secret.pk).update(common=False)
    vault.images.add(secret)
    assert taken(queue, ada) == 2
    Membership.objects.create(collection=vault, user=bob, role=Role.VIEWER)
    assert taken(queue, User.objects.get(pk=bob.pk)) is None  # sees it, but is no reviewer of it; the second is taken
    Membership.objects.update(role=Role.REVIEWER)
    assert taken(queue, User.objects.get(pk=bob.pk)) == 1


def test_a_viewer_gets_nothing() -> None:
    assert assign_pair(make_queue(1), person("vic", Role.VIEWER)) is None


def test_the_database_keeps_two_from_holding_one_slot(ada: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both found slot 1 free; whoever writes second gets nothing of this pair."""
    queue = make_queue(1)
    pair = pair_at(queue, 1)
    assign_pair(queue, ada)
    monkeypatch.setattr("review.queues.assign.Reading.objects.filter", lambda **_about: Reading.objects.none())
    from django.utils import timezone

    assert hold(pair, bob, timezone.now()) is None
    assert Reading.objects.get().reader == ada
