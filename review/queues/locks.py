"""Locks on pairs of queues."""

from __future__ import annotations

from review.models import QueuedPair
from review.verdicts.consensus import Pair


def lock_pair(pair: Pair) -> list[QueuedPair]:
    """Lock a pair in whichever queues it stands until the transaction ends; return its rows.

    For who records verdicts, which are heeded in all queues. Of several pairs the smaller one first, and all of them
    before the first verdict: from then on the transaction has the turn of the audit, for which others wait who have
    such a pair in hand.
    """
    rows = QueuedPair.objects.select_for_update(of=("self",)).select_related("queue")
    return list(rows.filter(first_sha256=pair[0], second_sha256=pair[1]).order_by("pk"))
