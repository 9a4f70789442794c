"""Work that goes on in the background, as the pages of the lab show it until it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from search.background import health
from search.models import Evaluation, WeightSet


@dataclass(frozen=True, slots=True)
class Phase:
    """How far a piece of work is."""

    label: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Work:
    """A row that somebody waits for: what it is, how far it is (None: not known yet), where it can be stopped."""

    row: Evaluation | WeightSet
    label: str
    phase: Phase | None
    stop_url: str = ""


def progress_of(work: Sequence[Work]) -> dict[str, Any]:
    """Return what `lab/_active.html` shows."""
    # Redis is asked only while somebody waits: every page of the lab comes through here.
    queue = health.look_at_queues() if work else None
    return {
        "active": work,
        "watched": ",".join(str(each.row.pk) for each in work),
        "no_worker": bool(queue and (queue.error or settings.QUEUE_MAINTENANCE in queue.idle)),
    }
