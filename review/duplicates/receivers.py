"""What people decide elsewhere and the groups must follow at once; the next scan sees to the rest."""

from __future__ import annotations

from collections.abc import Collection as Names
from typing import Any

from django.db.models import Exists, OuterRef

from review.duplicates.schedule import newest_ready
from review.models import DuplicateMember, QueuedPair, Verdict
from review.verdicts.blinding import waiting
from review.verdicts.consensus import Pair, apart


def drop_apart(sender: object, instance: Verdict, created: bool, **kwargs: Any) -> None:
    """Forget a group of two images that somebody finds different, wherever that was said."""
    if created and instance.kind == Verdict.Kind.DIFFERENT:
        _drop((instance.first_sha256, instance.second_sha256))


def drop_read(sender: object, instance: QueuedPair, update_fields: Names[str] | None, **kwargs: Any) -> None:
    """Forget a group of two images when both of their blind readers have decided, and what they said may be known."""
    if update_fields is not None and "state" in update_fields and instance.queue.two_readers:
        _drop((instance.first_sha256, instance.second_sha256))


def _drop(pair: Pair) -> None:
    scan = newest_ready()
    if scan is None or not apart(pair) or waiting().filter(first_sha256=pair[0], second_sha256=pair[1]).exists():
        return
    held = [DuplicateMember.objects.filter(group=OuterRef("pk"), image__sha256=sha256) for sha256 in pair]
    # Larger groups stay until the next scan: taking them apart takes their other links, which only a scan knows.
    scan.groups.filter(Exists(held[0]), Exists(held[1]), size=2).delete()
