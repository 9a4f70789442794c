"""How far a queue is, for its readers and for those who look after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

from django.db.models import Count, Exists, OuterRef

from review.models import Queue, QueuedPair, Reading, Verdict
from review.queues.assign import for_eyes_of
from review.queues.kappa import Agreement, collapse, measure, tabulate

if TYPE_CHECKING:
    from django.contrib.auth.models import User

RECENT = 20
"""Decisions that a person's pace is taken from."""
LONGEST_GAP_SECONDS = 300.0
"""Whoever takes longer for a pair was away meanwhile."""
FEWEST_GAPS = 3
GROUPS = {
    Verdict.Kind.SAME.value: "same",
    Verdict.Kind.NEAR_DUPLICATE.value: "same",
    Verdict.Kind.DIFFERENT.value: "different",
}
"""What verdicts come to where only "the same or not" is asked; "related" and "unsure" say neither."""
KINDS = [kind.value for kind in Verdict.Kind if kind != Verdict.Kind.WITHDRAWN]
State = QueuedPair.State
Answers: TypeAlias = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ReaderProgress:
    """How far a queue is for one reader.

    Attributes
    ----------
    num_done : pairs that need nothing more of this person
    num_total : pairs that this person may judge, without those whose image was removed
    num_gone : pairs whose image was removed
    seconds_left : at this person's pace; None while that is not known
    """

    num_done: int
    num_total: int
    num_gone: int
    seconds_left: float | None

    @property
    def num_left(self) -> int:
        return self.num_total - self.num_done

    @property
    def minutes_left(self) -> int:
        return round((self.seconds_left or 0) / 60)


@dataclass(slots=True)
class QueueProgress:
    """How far a queue is over all."""

    counts: dict[str, int] = field(default_factory=dict)  # by state of the pairs
    readers: list[tuple[str, int]] = field(default_factory=list)  # who decided how many, most first

    @property
    def num_decided(self) -> int:
        return self.counts.get(State.DECIDED, 0)

    @property
    def num_conflicts(self) -> int:
        return self.counts.get(State.CONFLICT, 0)

    @property
    def num_gone(self) -> int:
        return self.counts.get(State.GONE, 0)

    @property
    def num_to_decide(self) -> int:
        return sum(self.counts.values()) - self.num_gone


def reader_progress(queue: Queue, user: User) -> ReaderProgress:
    """Return how far a queue is for one reader; three database queries."""
    read = Reading.objects.filter(pair=OuterRef("pk"), reader=user, decided_at__isnull=False)
    # Without the default order, by which Django would group as well.
    pairs = QueuedPair.objects.filter(queue=queue).order_by()
    rows = for_eyes_of(pairs.exclude(state=State.GONE), user).values_list("state", Exists(read))
    counts = dict.fromkeys([(state, own) for state in State for own in (False, True)], 0)
    for state, own, number in rows.annotate(number=Count("pk")):
        counts[State(state), bool(own)] += number  # SQLite says 0 and 1
    num_left = counts[State.OPEN, False]
    times = Reading.objects.filter(pair__queue=queue, reader=user, decided_at__isnull=False)
    recent = times.order_by("-decided_at").values_list("decided_at", flat=True)[: RECENT + 1]
    pace = pace_of([each for each in recent if each is not None])
    return ReaderProgress(
        num_done=sum(counts.values()) - num_left,
        num_total=sum(counts.values()),
        num_gone=pairs.filter(state=State.GONE).count(),
        seconds_left=None if pace is None else pace * num_left,
    )


def pace_of(times: Sequence[datetime]) -> float | None:
    """Return the seconds that a person takes for a pair: the median between decisions, pauses left out.

    Parameters
    ----------
    times : of a person's last decisions, newest first

    Returns
    -------
    seconds : None where there are too few to tell
    """
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(times)]
    counted = [gap for gap in gaps if gap <= LONGEST_GAP_SECONDS]
    return median(counted) if len(counted) >= FEWEST_GAPS else None


def progress_of_queues(queues: Iterable[Queue]) -> dict[int, QueueProgress]:
    """Return how far queues are, by their number; two database queries."""
    ids = [queue.pk for queue in queues]
    found = {pk: QueueProgress() for pk in ids}
    pairs = QueuedPair.objects.filter(queue__in=ids).order_by().values_list("queue", "state")
    for pk, state, number in pairs.annotate(number=Count("pk")):
        found[pk].counts[state] = number
    readings = Reading.objects.filter(pair__queue__in=ids, decided_at__isnull=False).order_by()
    by_reader = readings.values_list("pair__queue", "reader__username").annotate(number=Count("pk"))
    for pk, name, number in by_reader.order_by("-number", "reader__username"):
        found[pk].readers.append((name, number))
    return found


@dataclass(frozen=True, slots=True)
class ReaderComparison:
    """How far two readers agree: on all five verdicts, and on "the same" or "different" alone."""

    readers: tuple[str, str]
    table: list[list[int]]  # row: the first reader's verdict, column: the second's, in the order of KINDS
    kinds: Agreement
    groups: Agreement


def comparisons_of(queue: Queue) -> list[ReaderComparison]:
    """Return how far readers agree on the pairs that both have read, most pairs first; one database query.

    Two people are compared on the pairs that both of them read. Where several pairs of people shared the work, the
    first of the list takes all readings together, by who read a pair first and who second, under no names.
    """
    rows = Reading.objects.filter(pair__queue=queue, slot__in=(1, 2), verdict__isnull=False).order_by("pair", "slot")
    read: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for pair, reader, kind in rows.values_list("pair", "reader__username", "verdict__kind").iterator():
        read[pair].append((reader, kind))
    people: defaultdict[tuple[str, str], Answers] = defaultdict(list)
    for both in read.values():
        if len(both) == 2:
            (one, said), (other, answered) = sorted(both)
            people[one, other].append((said, answered))  # the same two people, whoever came first
    found = [compare(readers, answers) for readers, answers in people.items()]
    found.sort(key=lambda each: (-each.kinds.num_pairs, each.readers))
    if len(found) > 1:
        answers = [(both[0][1], both[1][1]) for both in read.values() if len(both) == 2]
        found.insert(0, compare(("", ""), answers))
    return found


def compare(readers: tuple[str, str], answers: Answers) -> ReaderComparison:
    """Compare what two readers said of the same pairs."""
    table = tabulate(answers, KINDS)
    groups = tabulate(collapse(answers, GROUPS), sorted(set(GROUPS.values())))
    return ReaderComparison(readers, table.tolist(), measure(table), measure(groups))
