"""Two windows that decide about one group at the same moment: one of them is first, and nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection

from gallery.models import Image
from gallery.people.roles import Role
from review.duplicates.decide import decisions
from review.duplicates.decide.in_force import kept_sets
from review.exceptions import DuplicatesError
from review.models import DuplicateDecision
from review.queues import reading
from tests.gallery.rows import make_images
from tests.review.people import person
from tests.review.queues.rows import make_queue

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS, NUM_PAIRS = 8, 12
Act = Callable[[int, int], object]


def race(acts_of: list[Act]) -> list[BaseException]:
    """Let two windows act on each pair of images at once; return what went wrong, refusals left out."""
    start, errors = Barrier(2), list[BaseException]()

    def window(act: Act) -> None:
        try:
            for round_number in range(ROUNDS):
                start.wait()
                try:
                    act(2 * round_number, 2 * round_number + 1)
                except DuplicatesError:
                    continue  # the other was first
        except BaseException as error:  # noqa: BLE001 (told by the test)
            errors.append(error)
            start.abort()
        finally:
            connection.close()

    threads = [Thread(target=window, args=(act,)) for act in acts_of]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_one_image_of_each_group_stays() -> None:
    ids = [image.pk for image in make_images(2 * ROUNDS)]
    ann, bob = person("ann", Role.CURATOR), person("bob", Role.CURATOR)

    def keep(user: User, keeper: int, other: int) -> None:
        decisions.keep_one(ids[keeper], [ids[other]], user, merges=False)

    assert race([lambda one, other: keep(ann, one, other), lambda one, other: keep(bob, other, one)]) == []
    left = set(Image.objects.shown().values_list("pk", flat=True))
    assert [len(left & set(ids[start : start + 2])) for start in range(0, 2 * ROUNDS, 2)] == [1] * ROUNDS
    assert DuplicateDecision.objects.count() == ROUNDS


def test_a_set_is_kept_once() -> None:
    ids = [image.pk for image in make_images(2 * ROUNDS)]
    ada = person("ada")

    def keep(one: int, other: int) -> None:
        decisions.keep_all([ids[one], ids[other]], ada)

    assert race([keep, keep]) == []
    assert len(kept_sets()) == ROUNDS


def test_a_decision_is_undone_once() -> None:
    ids = [image.pk for image in make_images(2 * ROUNDS)]
    ada = person("ada")
    made = {start: decisions.keep_all(ids[start : start + 2], ada) for start in range(0, 2 * ROUNDS, 2)}

    def undo(one: int, _other: int) -> None:
        decisions.undo(made[one], ada)

    assert race([undo, undo]) == []
    assert kept_sets() == {}
    assert DuplicateDecision.objects.count() == 2 * ROUNDS


def test_an_image_is_told_apart_while_its_pairs_are_read() -> None:
    """Who reads has one pair in hand and then writes the record of acts; the other one has many, and the record."""
    queue, ann, bob = make_queue(NUM_PAIRS), person("ann"), person("bob")
    ids = dict(Image.objects.values_list("sha256", "pk"))
    pairs = list(queue.pairs.order_by("-position"))
    (one,) = set.intersection(*({each.first_sha256, each.second_sha256} for each in pairs))

    def tell(*_numbers: int) -> None:
        decisions.tell_apart(ids[one], ids.values(), ann)

    def read(*_numbers: int) -> None:
        for pair in pairs:
            reading.decide(pair, bob, "different")

    assert race([tell, read]) == []
