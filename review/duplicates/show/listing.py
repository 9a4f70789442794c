"""One page of groups, by the place after which it begins: however many groups there are, a page costs the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.db.models import QuerySet

from gallery import keyset
from gallery.forms import read_id
from review.models import DuplicateGroup

PAGE_SIZE = 18
ORDER = ("-score", "pk")


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
    groups : of one tier
    after : where the page begins; None: at the first group
    """
    page = keyset.page_after(groups, PAGE_SIZE, ORDER, None if after is None else (after.score, after.group_id))
    return page.rows, Place(page.last.score, page.last.pk) if page.last else None
