"""Pages of groups."""

from __future__ import annotations

import pytest

from gallery.people.roles import Role
from review.duplicates.show.listing import PAGE_SIZE, Place, page_of
from review.duplicates.show.visible import GroupFilter, Tier, open_groups
from tests.review.duplicates.rows import make_pair, make_scan
from tests.review.people import person

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    scan, user = make_scan(), person("vic", Role.VIEWER)
    scores = [0.1 + 0.2, 0.30000000000000004, 0.3] * (PAGE_SIZE // 2)  # many of one score
    for number, score in enumerate(scores):
        make_pair(scan, str(number), score=score)
    groups = open_groups(scan, GroupFilter(Tier.EDITED), user)
    seen: list[int] = []
    place: Place | None = None
    for expected in (PAGE_SIZE, len(scores) - PAGE_SIZE):
        page, last = page_of(groups, place)
        assert len(page) == expected
        seen += [group.pk for group in page]
        place = Place.read(str(last)) if last else None
    assert place is None
    assert seen == list(groups.values_list("pk", flat=True))


@pytest.mark.parametrize(
    "text", ["", "0.5", "0.5:", ":4", "nan:4", "inf:4", "0.5:-1", "0.5:99999999999999999999", "x:y"]
)
def test_places_that_are_none(text: str) -> None:
    assert Place.read(text) is None


def test_places_are_read_as_they_are_written() -> None:
    assert Place.read(str(Place(0.1 + 0.2, 7))) == Place(0.30000000000000004, 7)
