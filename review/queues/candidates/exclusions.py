"""Pairs that are not asked about: people decided about them already, or they wait in a queue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
from django.db.models import Q, QuerySet
from numpy.typing import NDArray

from review.models import Queue, QueuedPair, Verdict
from review.verdicts.consensus import Ballot, Pair, ballots, kinds_of, summarize
from review.verdicts.record import current, sorted_pair

State = QueuedPair.State
UNDECIDED = ("", Verdict.Kind.UNSURE)
"""What a summary says where people are split, or sure of nothing: such pairs are asked about again."""


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Pairs of SHA-256 sums that are not to be asked about."""

    judged: set[Pair] = field(default_factory=set)
    waiting: set[Pair] = field(default_factory=set)  # in another queue that is open

    def codes(self, hashes: list[str]) -> NDArray[np.int64]:
        """Return those among some images as first * n + second, by their places in the list, smaller place first."""
        place = {sha256: number for number, sha256 in enumerate(hashes)}
        found = [
            sorted((place[first], place[second]))
            for first, second in self.judged | self.waiting
            if first in place and second in place
        ]
        return np.array([first * len(hashes) + second for first, second in found], np.int64)


def read(queue: Queue) -> Exclusions:
    """Return what is not to be put into a queue; two database queries."""
    votes: defaultdict[Pair, list[Ballot]] = defaultdict(list)
    for pair, ballot in ballots(current()):
        votes[pair].append(ballot)
    judged = {pair for pair, given in votes.items() if summarize(given).kind not in UNDECIDED}
    waiting = set(_waiting(queue).values_list("first_sha256", "second_sha256").iterator())
    return Exclusions(judged, waiting)


def of_pairs(queue: Queue, start: str, others: Iterable[str]) -> set[str]:
    """Return those of the images whose pair with a first one is not to be put into a queue; two database queries."""
    partner = {sorted_pair(start, other): other for other in others if other != start}
    taken = {partner[pair] for pair in judged_among(partner)}
    beside = _waiting(queue).filter(Q(first_sha256=start) | Q(second_sha256=start))
    pairs = set(beside.values_list("first_sha256", "second_sha256"))
    return taken | {other for pair, other in partner.items() if pair in pairs}


def judged_among(pairs: Collection[Pair]) -> set[Pair]:
    """Return those of the pairs about which people have decided; one database query for every 2,000 first images."""
    return {pair for pair, summary in kinds_of(pairs).items() if summary.kind not in UNDECIDED}


def _waiting(queue: Queue) -> QuerySet[QueuedPair]:
    """Return the pairs that wait for a reader in another queue."""
    pairs = QueuedPair.objects.exclude(queue=queue).order_by()
    return pairs.filter(Queue.where_open("queue__"), state__in=(State.OPEN, State.CONFLICT))
