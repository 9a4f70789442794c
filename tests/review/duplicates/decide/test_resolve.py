"""Groups that a decision has seen to."""

from __future__ import annotations

import pytest

from review.duplicates.decide import decisions
from review.duplicates.decide.resolve import close_decided, open_again
from review.models import DuplicateGroup
from tests.gallery.rows import make_images
from tests.review.duplicates.rows import Tier, make_group, make_scan
from tests.review.people import person

pytestmark = pytest.mark.django_db


def is_open(group: DuplicateGroup) -> bool:
    group.refresh_from_db()
    return group.decision is None


def test_it_works() -> None:
    scan, ada, (a, b, c, d) = make_scan(), person("ada"), make_images(4)
    inside, across = make_group(scan, [a, b]), make_group(scan, [c, d])
    decision = decisions.keep_all([a.pk, b.pk, c.pk], ada)
    assert not is_open(inside)
    assert is_open(across)
    assert open_again([decision]) == 1
    assert is_open(inside)
    assert close_decided(scan, after=0) == 1
    assert not is_open(inside)
    assert close_decided(scan, after=decision.pk) == 0


def test_a_file_that_came_again_is_decided_about_by_itself() -> None:
    scan, ada, (a, b) = make_scan(), person("ada"), make_images(2)
    again = make_group(scan, [a], tier=Tier.BYTES)
    pair = make_group(scan, [a, b])
    decisions.keep_all([a.pk, b.pk], ada)
    assert is_open(again)
    assert not is_open(pair)
    decisions.keep_all([a.pk], ada)
    assert not is_open(again)


def test_groups_of_other_scans_stay() -> None:
    old, ada, images = make_scan(), person("ada"), make_images(2)
    before = make_group(old, images)
    now = make_group(make_scan(), images)
    decisions.keep_all([image.pk for image in images], ada)
    assert is_open(before)
    assert not is_open(now)
