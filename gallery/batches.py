"""Choices of any size, in pieces that stay within the database's limit of parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from django.db.models import QuerySet
from more_itertools import chunked

Item = TypeVar("Item")
BATCH = 500


def batches(items: Iterable[Item], size: int = BATCH) -> Iterator[list[Item]]:
    """Yield the items in order, at most `size` at a time."""
    return chunked(items, size)


def lock_rows(rows: QuerySet[Any], ids: Iterable[int]) -> list[int]:
    """Lock those of the rows that have these ids until the transaction ends; return their ids, rising."""
    wanted = sorted(set(ids))
    # One order everywhere: two transactions that want the same rows must never each hold what the other waits for.
    rising = rows.select_for_update().order_by("pk")
    return [pk for part in batches(wanted) for pk in rising.filter(pk__in=part).values_list("pk", flat=True)]
