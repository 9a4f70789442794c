"""Decisions to keep all of a set, as they are read."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from review.duplicates.decide import decisions, in_force
from review.verdicts.decide import decide
from tests.gallery.rows import make_images
from tests.review.people import person

pytestmark = pytest.mark.django_db


def test_it_works(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ada, (a, b, c, d) = person("ada"), make_images(4)
    first = decisions.keep_all([a.pk, b.pk, c.pk], ada)
    second = decisions.keep_all([d.pk], ada)
    decide(ada, a.sha256, d.sha256, "different")
    assert in_force.kept_sets() == {
        first.pk: frozenset({a.sha256, b.sha256, c.sha256}),
        second.pk: frozenset({d.sha256}),
    }
    assert in_force.kept_sets([a.sha256, b.sha256]) == {first.pk: frozenset({a.sha256, b.sha256})}
    assert list(in_force.kept_sets(after=first.pk)) == [second.pk]
    with django_assert_num_queries(3):
        apart, within = in_force.settled_pairs([image.sha256 for image in (a, b, c, d)], ada)
    id_of = {image.sha256: image.pk for image in (a, b, c, d)}
    assert in_force.as_ids(apart, id_of) == {(a.pk, d.pk)}
    assert in_force.as_ids(within, id_of) == {(a.pk, b.pk), (a.pk, c.pk), (b.pk, c.pk)}


def test_undone_decisions_count_no_more() -> None:
    ada, images = person("ada"), make_images(2)
    decision = decisions.keep_all([image.pk for image in images], ada)
    decisions.undo(decision, ada)
    assert not in_force.in_force().exists()
    assert in_force.kept_sets() == {}


def test_images_that_are_not_there_are_left_out() -> None:
    assert in_force.as_ids({("a", "b"), ("a", "c")}, {"a": 5, "c": 2}) == {(2, 5)}
    assert in_force.pairs_within([{"b", "a"}, {"c"}]) == {("a", "b")}
