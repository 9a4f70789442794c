"""Whose verdicts may not be seen yet: while two read a pair without knowing of each other, nobody sees either."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from gallery.batches import batches
from review.models import Queue, QueuedPair
from review.verdicts.consensus import Pair

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


def waiting() -> QuerySet[QueuedPair]:
    """Return the pairs of which nobody may see what others decided."""
    two_readers = QueuedPair.objects.filter(Queue.where_open("queue__"), queue__two_readers=True)
    return two_readers.filter(state=QueuedPair.State.OPEN)


def hidden_from(user: User | AnonymousUser | None, pairs: Iterable[Pair]) -> set[Pair]:
    """Return the pairs of which a person must not see what others decided, earlier verdicts included.

    Those are the pairs that wait in an open queue of two readers until both have decided. They are hidden from
    everybody, admins too: whoever may decide may be given the pair next. One's own verdicts are never hidden.

    Parameters
    ----------
    user : who looks; None: a command on the server, from which nothing is hidden
    pairs : of SHA-256 sums, the smaller first

    Returns
    -------
    hidden : some of the pairs; one database query for every 500 first images
    """
    if user is None:
        return set()
    wanted = set(pairs)
    firsts = sorted({first for first, _second in wanted})
    found: set[Pair] = set()
    for part in batches(firsts):
        rows = waiting().filter(first_sha256__in=part).order_by()
        found |= set(rows.values_list("first_sha256", "second_sha256"))
    return found & wanted
