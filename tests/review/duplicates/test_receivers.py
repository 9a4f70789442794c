"""Verdicts made elsewhere reach the groups at once."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from gallery.people.roles import Role
from review.duplicates import schedule
from review.duplicates.decide.in_force import Kind
from review.duplicates.decide.plan import make_plan
from review.duplicates.show.cards import make_cards
from review.models import DuplicateGroup, DuplicateScan, Queue, QueuedPair
from review.queues import create, reading
from review.queues.assign import assign_pair
from review.verdicts.decide import decide, undo
from search.features import revisions
from tests.gallery.rows import make_images
from tests.review.duplicates.rows import make_group, make_scan
from tests.review.people import person
from tests.review.queues.rows import add_pairs, pair_at

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    scan, ada, (a, b, c) = make_scan(), person("ada"), make_images(3)
    make_group(scan, [a, b])
    whole = make_group(scan, [a, b, c])
    decide(ada, a.sha256, b.sha256, "related")
    assert DuplicateGroup.objects.count() == 2
    decide(ada, a.sha256, b.sha256, "different")
    assert list(DuplicateGroup.objects.all()) == [whole]  # what is left of it is found out when it is shown


def test_a_split_decides_nothing() -> None:
    (a, b) = make_images(2)
    make_group(make_scan(), [a, b])
    decide(person("ada"), a.sha256, b.sha256, "same")
    verdict = decide(person("bob"), a.sha256, b.sha256, "different")
    assert DuplicateGroup.objects.count() == 1
    undo(verdict.author, verdict.pk)  # type: ignore[arg-type]
    assert DuplicateGroup.objects.count() == 1


def test_before_the_first_scan() -> None:
    (a, b) = make_images(2)
    decide(person("ada"), a.sha256, b.sha256, "different")


def blind_pair() -> tuple[DuplicateScan, QueuedPair]:
    """Return a scan with one group, and its two images as a pair that two read without knowing of each other."""
    scan, images = make_scan(), make_images(2)
    make_group(scan, images)
    queue = Queue.objects.create(name="q", source="search", state="ready", num_pairs=1, two_readers=True)
    add_pairs(queue, images)
    return scan, pair_at(queue, 1)


def seen_by(scan: DuplicateScan, user: User) -> int:
    return len(make_cards(list(scan.groups.all()), user))


def test_one_blind_reader_tells_the_other_nothing() -> None:
    (scan, pair), ada, bob, eve = blind_pair(), person("ada"), person("bob"), person("eve", Role.CURATOR)
    before = make_plan(scan.groups.all(), Kind.KEEP_ONE, eve)
    reading.decide(pair, ada, "different")
    assert [seen_by(scan, user) for user in (ada, bob, eve)] == [0, 1, 1]  # one's own verdict is no secret
    assert before.doubted == 1
    assert make_plan(scan.groups.all(), Kind.KEEP_ONE, eve) == before
    reading.decide(pair, bob, "different")
    assert not scan.groups.exists()


def test_a_conflict_of_blind_readers_is_settled_by_the_third() -> None:
    (scan, pair), cyd = blind_pair(), person("cyd")
    reading.decide(pair, person("ada"), "different")
    reading.decide(pair, person("bob"), "same")
    assert scan.groups.exists()
    assign_pair(pair.queue, cyd)
    reading.decide(pair, cyd, "different")
    assert not scan.groups.exists()


def test_a_closed_queue_keeps_nothing_back() -> None:
    (scan, pair), bob = blind_pair(), person("bob")
    reading.decide(pair, person("ada"), "different")
    DuplicateScan.objects.update(seen=schedule.seen_now(), revision=revisions.revision())
    assert not schedule.is_outdated(DuplicateScan.objects.get())
    create.close(pair.queue, bob)
    assert seen_by(scan, bob) == 0
    assert schedule.is_outdated(DuplicateScan.objects.get())
