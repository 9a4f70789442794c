"""Cutting a choice of any size into pieces that stay within the database's limit of parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from more_itertools import chunked

Item = TypeVar("Item")
BATCH = 500


def batches(items: Iterable[Item], size: int = BATCH) -> Iterator[list[Item]]:
    """Yield the items in order, at most `size` at a time."""
    return chunked(items, size)
