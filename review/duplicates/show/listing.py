"""One page of groups, by the place after which it begins: however many groups there are, a page costs the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from gallery.forms import read_id
from review.models import DuplicateGroup

PAGE_SIZE = 18


@dataclass(frozen=True, slots=True)
class Place:
    """After which group of a tier a page begins."""

    score: float
    group_id: int

    @classmethod
    def read(cls, text: str) -> Place | None:
        """Return the place that an address names; None when it names none."""
        score, _colon, number = text.partition(":")
        try:
            place = cls(float(score), read_id(number))
        except ValueError:
            return None
        return place if math.isfinite(place.score) and place.group_id else None

    def __str__(self) -> str:
        return f"{self.score!r}:{self.group_id}"  # repr, which reads back as the very same number


def page_of(groups: QuerySet[DuplicateGroup], after: Place | None) -> tuple[list[DuplicateGroup], Place | None]:
    """Return the groups of one page of a tier, and the place after which the next begins; None when this is the last.

    Parameters
    ----------
    groups : of one tier, in the order of `visible.open_groups`
    after : where the page begins; None: at the first group
    """
    if after is not None:
        later = Q(score=after.score, pk__gt=after.group_id) | Q(score__lt=after.score)
        # The first condition follows from the second, but lets the database begin within its index.
        groups = groups.filter(score__lte=after.score).filter(later)
    found = list(groups[: PAGE_SIZE + 1])
    page = found[:PAGE_SIZE]
    last = Place(page[-1].score, page[-1].pk) if len(found) > PAGE_SIZE else None
    return page, last
