"""Who may see a queue, have one made and look after it: every role against every kind of queue."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from gallery.models import Collection, Image
from gallery.people.roles import Role
from review.models import Queue
from review.queues.access import COLLECTION, manageable, may_make, queues_for
from tests.gallery.members import make_member
from tests.review.people import person
from tests.review.queues.rows import make_queue

pytestmark = pytest.mark.django_db
SEARCH, NEAREST, UNCERTAIN = Queue.Source.SEARCH, Queue.Source.NEAREST, Queue.Source.UNCERTAIN


@pytest.fixture
def collection() -> Collection:
    return Collection.objects.create(name="herons", private=True)


def member(name: str, collection: Collection, role: Role, on_the_site: Role = Role.VIEWER) -> User:
    user = person(name, on_the_site)
    make_member(user, collection, role)
    return user


class TestSeeing:
    @pytest.mark.parametrize(
        ("role", "sees"),
        [
            (Role.VIEWER, False),
            (Role.CONTRIBUTOR, False),
            (Role.REVIEWER, True),
            (Role.CURATOR, True),
            (Role.ADMIN, True),
        ],
    )
    def test_queues_of_the_site_are_for_its_reviewers(self, role: Role, sees: bool) -> None:
        queue = make_queue()
        assert list(queues_for(person("ada", role))) == ([queue] if sees else [])

    @pytest.mark.parametrize(("role", "sees"), [(Role.CONTRIBUTOR, False), (Role.REVIEWER, True), (Role.CURATOR, True)])
    def test_queues_of_a_private_collection_are_for_its_own(
        self, collection: Collection, role: Role, sees: bool
    ) -> None:
        queue = make_queue(collection=collection, parameters={COLLECTION: collection.pk})
        assert list(queues_for(member("ada", collection, role))) == ([queue] if sees else [])
        assert list(queues_for(person("bob", Role.CURATOR))) == []

    def test_those_of_a_collection_that_is_gone_are_for_admins(self, collection: Collection) -> None:
        queue = make_queue(collection=collection, parameters={COLLECTION: collection.pk})
        collection.delete()
        assert list(queues_for(person("bob", Role.CURATOR))) == []
        assert list(queues_for(person("root", Role.ADMIN))) == [queue]

    def test_one_of_closed_images_alone_is_for_who_made_it(self, collection: Collection) -> None:
        ada = member("ada", collection, Role.REVIEWER, Role.REVIEWER)
        queue = make_queue(1, source=SEARCH, asked_by=ada)
        Image.objects.update(common=False)
        collection.images.set(Image.objects.all())
        assert list(queues_for(ada)) == [queue]
        assert list(queues_for(person("bob"))) == []

    def test_one_open_pair_is_enough(self, collection: Collection) -> None:
        queue = make_queue(2, source=SEARCH)
        last = Image.objects.order_by("-pk")[0]
        Image.objects.filter(pk=last.pk).update(common=False)
        collection.images.add(last)
        assert list(queues_for(person("bob"))) == [queue]

    def test_an_empty_queue_names_nobody_s_images(self) -> None:
        gathered = make_queue(0)
        make_queue(0, source=SEARCH)  # it is called by the image that was searched for
        assert list(queues_for(person("bob"))) == [gathered]


class TestMaking:
    @pytest.mark.parametrize(
        ("role", "search", "others"),
        [
            (Role.CONTRIBUTOR, False, False),
            (Role.REVIEWER, True, False),
            (Role.CURATOR, True, True),
            (Role.ADMIN, True, True),
        ],
    )
    def test_of_the_whole_library(self, role: Role, search: bool, others: bool) -> None:
        user = person("ada", role)
        assert may_make(user, SEARCH, None) is search
        assert may_make(user, NEAREST, None) is others
        assert may_make(user, UNCERTAIN, None) is others

    @pytest.mark.parametrize(
        ("role", "search", "others"),
        [(Role.VIEWER, False, False), (Role.REVIEWER, True, False), (Role.CURATOR, True, True)],
    )
    def test_of_a_collection(self, collection: Collection, role: Role, search: bool, others: bool) -> None:
        user = member("ada", collection, role)
        assert may_make(user, SEARCH, collection) is search
        assert may_make(user, NEAREST, collection) is others
        assert not may_make(user, SEARCH, None)
        assert not may_make(person("bob", Role.CURATOR), NEAREST, collection)


class TestManaging:
    def test_curators_look_after_those_of_theirs_and_others_after_their_own(self, collection: Collection) -> None:
        ada = member("ada", collection, Role.CURATOR)
        of_site, of_collection, own = make_queue(0), make_queue(0, collection=collection), make_queue(0, asked_by=ada)
        queues = [of_site, of_collection, own]
        assert manageable(ada, queues) == {of_collection.pk, own.pk}
        assert manageable(person("bob", Role.CURATOR), queues) == {of_site.pk, own.pk}
        assert manageable(person("eve", Role.REVIEWER), queues) == set()
        assert manageable(person("root", Role.ADMIN), queues) == {queue.pk for queue in queues}

    def test_a_curator_of_a_collection_that_is_gone_is_none(self, collection: Collection) -> None:
        ada = member("ada", collection, Role.CURATOR)
        queue = make_queue(0, collection=collection)
        collection.delete()
        queue.refresh_from_db()
        assert manageable(ada, [queue]) == set()
