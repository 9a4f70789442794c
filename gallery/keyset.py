"""One page of a list, by the place after which it begins.

What comes or goes meanwhile shifts nothing, as it would with numbers of pages, and each page costs the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of one page, and the last of them where another page begins after it."""

    rows: list[Row]
    last: Row | None


def page_after(rows: QuerySet[Row], size: int, order: Sequence[str], place: Sequence[Any] | None = None) -> Page[Row]:
    """Return one page; one database query.

    Parameters
    ----------
    rows : in any order
    size : of a page
    order : names of fields, those with a `-` falling; together they are different for each row
    place : values of these fields, of the row after which the page begins; None: at the first row
    """
    chosen = rows.order_by(*order)
    # One row more than a page holds tells whether another page follows.
    return cut(list((chosen if place is None else chosen.filter(beyond(order, place)))[: size + 1]), size)


def cut(found: Sequence[Row], size: int) -> Page[Row]:
    """Return the page of what was found: of the size of a page and, where there is more, of more rows than that."""
    return Page(list(found[:size]), found[size - 1] if len(found) > size else None)


def beyond(order: Sequence[str], place: Sequence[Any]) -> Q:
    """Select the rows that come after a place in an order; see `page_after`."""
    chosen, same = Q(), Q()
    for name, value in zip(order, place, strict=True):
        field, later = (name[1:], "lt") if name.startswith("-") else (name, "gt")
        chosen |= same & Q((f"{field}__{later}", value))
        same &= Q((field, value))
    if len(order) == 1:
        return chosen
    # Follows from the rest, but lets the database begin within an index.
    first = order[0].removeprefix("-")
    return Q((f"{first}__{'lte' if order[0].startswith('-') else 'gte'}", place[0])) & chosen


def mark_of(moment: datetime, key: object) -> str:
    """Return the place of a row in a list by time as addresses hold it: its microseconds since 1970, and its key."""
    return f"{(moment - EPOCH) // MICROSECOND}-{key}"  # whole: a float would lose some


def read_mark(mark: str) -> tuple[datetime, str] | None:
    """Return the time and the key that a mark names; None when it is none."""
    moment, _dash, key = mark.rpartition("-")
    try:
        return EPOCH + int(moment) * MICROSECOND, key
    except (ValueError, OverflowError):
        return None
