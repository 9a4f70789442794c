"""Acts that want the same rows at the same moment wait for each other and both end; on PostgreSQL they could deadlock.

SQLite, whose transactions have its one write lock from their beginning, cannot show it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from django.contrib.auth.models import User

from gallery.curation.bulk_edit import Edit, apply
from gallery.curation.visibility import hide, unhide
from gallery.models import Collection, Image
from gallery.people.accounts.invitations import invite
from gallery.people.membership import set_role
from gallery.people.roles import Role
from gallery.views.curate import ACTIONS, ActError
from review.duplicates.decide import bulk
from review.duplicates.decide.plan import BulkPlan, PlannedGroup
from review.models import DuplicateDecision, Queue
from review.queues import create, reading
from review.queues.assign import assign_pair, release
from tests.gallery.rows import make_image, make_images
from tests.racing import race_along
from tests.review.people import person
from tests.review.queues.rows import make_queue, pair_at

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 12
Act = Callable[[int], object]


def ids_of(images: list[Image]) -> list[int]:
    return [image.pk for image in images]


def test_many_groups_and_an_edit_of_their_images() -> None:
    """The plan's order is not that of the ids, and each of its groups is an act."""
    ada, bob = person("ada", Role.ADMIN), person("bob", Role.ADMIN)
    sets = [ids_of(make_images_named(f"round-{number}", 6)) for number in range(ROUNDS)]

    def decide(number: int) -> None:
        a, b, c, d, e, f = sets[number]
        groups = [PlannedGroup(1, 1, e, (f,)), PlannedGroup(2, 1, c, (d,)), PlannedGroup(3, 1, a, (b,))]
        asked = bulk.ask(BulkPlan(entries=groups), DuplicateDecision.Kind.KEEP_ALL, ada)
        bulk.bulk_decisions.run(asked.pk)

    def edit(number: int) -> None:
        apply(sets[number], Edit({"title": "Heron"}), bob)

    assert race_along(ROUNDS, decide, edit) == []
    assert Image.objects.filter(title="Heron").count() == 6 * ROUNDS


def test_an_invitation_and_a_change_of_role() -> None:
    ada, bob = person("ada", Role.ADMIN), person("bob", Role.ADMIN)

    def ask(number: int) -> None:
        invite(ada, name=f"new{number}", address="", role=Role.VIEWER)

    def change(number: int) -> None:
        set_role(bob, (Role.CURATOR, Role.ADMIN)[number % 2], ada)

    assert race_along(ROUNDS, ask, change) == []
    assert User.objects.filter(username__startswith="new").count() == ROUNDS


def test_two_windows_of_one_reader() -> None:
    """One is handed the pair, which names the person; the other decides about it, which locks both."""
    queue, ada = make_queue(ROUNDS), person("ada")

    def ask(number: int) -> None:
        assign_pair(queue, ada)
        release(queue, ada)

    def decide(number: int) -> None:
        reading.decide(pair_at(queue, number + 1), ada, "same")

    assert race_along(ROUNDS, ask, decide) == []


def test_a_queue_that_is_deleted_while_its_pairs_are_read() -> None:
    queues, ada, bob = [make_queue(4) for _ in range(ROUNDS)], person("ada"), person("bob")
    for queue in queues:
        assign_pair(queue, bob)

    def delete(number: int) -> None:
        create.delete(queues[number], ada)

    def decide(number: int) -> None:
        for position in range(1, 5):
            try:
                reading.decide(pair_at(queues[number], position), bob, "same")
            except (queues[number].pairs.model.DoesNotExist, KeyError):
                return  # deleted first

    assert race_along(ROUNDS, delete, decide) == []
    assert not Queue.objects.exists()


def test_a_new_collection_for_images_that_are_hidden() -> None:
    ada, bob, ids = person("ada", Role.ADMIN), person("bob", Role.ADMIN), ids_of(make_images(8))

    def collect(number: int) -> None:
        ACTIONS["collect"](ids, {"collection": f"Pond {number}"}, ada)

    def show(number: int) -> None:
        (unhide if number % 2 else hide)(ids, bob)

    assert race_along(ROUNDS, collect, show) == []
    assert Collection.objects.count() == ROUNDS


def test_images_stay_in_sight_while_both_their_collections_let_them_go() -> None:
    """Each of two curators takes images out of one collection, believing that the other still shows them."""
    ada, images = person("ada", Role.ADMIN), make_images_named("lonely", 3 * ROUNDS, common=False)
    one, other = (Collection.objects.create(name=name) for name in ("One", "Other"))
    for collection in (one, other):
        collection.images.add(*images)

    def leave(name: str) -> Act:
        def act(number: int) -> None:
            ids = ids_of(images[3 * number : 3 * number + 3])
            with suppress(ActError):  # the other was first
                ACTIONS["uncollect"](ids, {"leave": name}, ada)

        return act

    assert race_along(ROUNDS, leave("One"), leave("Other")) == []
    assert not Image.objects.filter(collections=None).exists()


def make_images_named(name: str, number: int, **fields: object) -> list[Image]:
    return [make_image(f"{name}-{position}.jpg", **fields) for position in range(number)]
