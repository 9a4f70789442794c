"""Verdicts made elsewhere reach the groups at once."""

from __future__ import annotations

import pytest

from review.deciding import decide, undo
from review.models import DuplicateGroup
from tests.gallery.rows import make_images
from tests.review.duplicates.rows import make_group, make_scan
from tests.review.people import person

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
