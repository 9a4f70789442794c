"""Two windows that decide about one group at the same moment: one of them is first, and nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.auth.models import User

from gallery.models import Image
from gallery.people.roles import Role
from review.duplicates.decide import decisions
from review.duplicates.decide.in_force import kept_sets
from review.exceptions import DuplicatesError
from review.models import DuplicateDecision
from review.queues import reading
from tests.gallery.rows import make_images
from tests.racing import race_along
from tests.review.people import person
from tests.review.queues.rows import make_queue

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS, NUM_PAIRS = 8, 12


def race(*acts: Callable[[int, int], object]) -> list[BaseException]:
    """Let two windows act on each pair of images at once; return what went wrong, refusals left out."""

    def in_turn(act: Callable[[int, int], object], number: int) -> None:
        act(2 * number, 2 * number + 1)

    return race_along(ROUNDS, *(partial(in_turn, act) for act in acts), passing=(DuplicatesError,))


def test_one_image_of_each_group_stays() -> None:
    ids = [image.pk for image in make_images(2 * ROUNDS)]
    ann, bob = person("ann", Role.CURATOR), person("bob", Role.CURATOR)

    def keep(user: User, keeper: int, other: int) -> None:
        decisions.keep_one(ids[keeper], [ids[other]], user, merges=False)

    assert race(lambda one, other: keep(ann, one, other), lambda one, other: keep(bob, other, one)) == []
    left = set(Image.objects.shown().values_list("pk", flat=True))
    assert [len(left & set(ids[start : start + 2])) for start in range(0, 2 * ROUNDS, 2)] == [1] * ROUNDS
    assert DuplicateDecision.objects.count() == ROUNDS


def test_a_set_is_kept_once() -> None:
    ids = [image.pk for image in make_images(2 * ROUNDS)]
    ada = person("ada")

    def keep(one: int, other: int) -> None:
        decisions.keep_all([ids[one], ids[other]], ada)

    assert race(keep, keep) == []
    assert len(kept_sets()) == ROUNDS


def test_a_decision_is_undone_once() -> None:
    ids = [image.pk for image in make_images(2 * ROUNDS)]
    ada = person("ada")
    made = {start: decisions.keep_all(ids[start : start + 2], ada) for start in range(0, 2 * ROUNDS, 2)}

    def undo(one: int, _other: int) -> None:
        decisions.undo(made[one], ada)

    assert race(undo, undo) == []
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

    assert race(tell, read) == []
