"""Cutting a choice of any size into pieces that stay within the database's limit of parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
BATCH = 500


def batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Yield the items in order, at most `BATCH` at a time."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
