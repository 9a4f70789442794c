"""Assignments: each pair to as many readers as it needs, for a while, and never to one too many.

A person holds a pair by a `Reading` in one of its slots. The database keeps two people from holding one slot, and one
person from holding two of a pair; whoever loses a race for a slot is given the next pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from gallery.models import Image, ImageQuerySet
from gallery.people.roles import Role
from review.models import Queue, QueuedPair, Reading, Verdict
from review.verdicts.consensus import ADJUDICATOR_SLOT
from review.verdicts.decide import take_turns
from search.public.presentation import score_number

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST_HELD = 3
"""Pairs of a queue that one person holds: the one before, the one at hand, and the one that is loaded already."""
MOST_RACES = 20
"""Times in a row that somebody else may be quicker; after that many it is as if no pair were left."""
State = QueuedPair.State


class Direction(StrEnum):
    """Which pair is asked for, seen from a place in the queue."""

    AFTER = "after"  # the next one to be read; from the beginning again after the last
    FORWARD = "forward"  # the next one, though this person has read it already
    BACK = "back"  # the one before
    AT = "at"  # this one, or the next that can be had


@dataclass(frozen=True, slots=True)
class Assignment:
    """A pair in the hands of a person."""

    pair: QueuedPair
    reading: Reading
    first: Image
    second: Image

    @property
    def adjudicates(self) -> bool:
        return self.reading.slot == ADJUDICATOR_SLOT

    @property
    def score(self) -> int:
        """Return the fused score as people see it, 0..100."""
        return score_number(self.pair.score)


def assign_pair(queue: Queue, user: User, step: Direction = Direction.AFTER, position: int = 0) -> Assignment | None:
    """Put a pair of an open queue into a person's hands, for as long as REVIEW_LEASE_SECONDS says.

    What this person holds already comes before what is free, in the order of the queue; where two read, pairs on which
    both disagree come last, for those who have read neither.

    Parameters
    ----------
    queue : open; nothing is handed out of others
    user : who wants to read
    step : which pair
    position : from where in the queue

    Returns
    -------
    turn : None when there is no such pair for this person now
    """
    if not queue.is_open:
        return None
    for _ in range(MOST_RACES):
        with transaction.atomic():
            take_turns(user)  # the person before the pairs, as with every verdict
            now = timezone.now()
            pair = _choose(queue, user, step, position, now)
            if pair is None:
                return None
            reading = hold(pair, user, now)
            if reading is None:
                continue  # somebody was quicker
            _let_go_of_others(queue, user)
            images = {each.sha256: each for each in judged_by(user).filter(sha256__in=_hashes(pair))}
            if len(images) == 2:  # else one went just now, and with it the pair: choose again
                return Assignment(pair, reading, *(images[sha256] for sha256 in _hashes(pair)))
    return None


def judged_by(user: User) -> ImageQuerySet:
    """Return the images about which a person may decide and that can be seen now."""
    return Image.objects.visible_to(user).with_role(user, Role.REVIEWER)


def for_eyes_of(pairs: QuerySet[QueuedPair], user: User) -> QuerySet[QueuedPair]:
    """Keep the pairs of which this person may judge both images."""
    images = judged_by(user)
    sides = [Exists(images.filter(sha256=OuterRef(name))) for name in ("first_sha256", "second_sha256")]
    return pairs.filter(*sides)


def hold(pair: QueuedPair, user: User, now: datetime) -> Reading | None:
    """Give a person a slot of a pair, or more time for the one that they have; None when none is left."""
    until = now + timedelta(seconds=settings.ENV.review_lease_seconds)
    readings = {each.slot: each for each in Reading.objects.filter(pair=pair)}
    own = next((each for each in readings.values() if each.reader_id == user.pk), None)
    if own is not None and own.decided_at is not None:  # to be looked at again, and perhaps changed
        return own
    for slot in [own.slot] if own else _slots(pair):
        if reading := _hold_slot(pair, slot, readings.get(slot), user, now, until):
            return reading
    return None


def release(queue: Queue, user: User) -> int:
    """Give back what a person holds and has not decided; returns how many pairs that were."""
    with transaction.atomic():
        take_turns(user)  # else a verdict given in another window may just be putting itself into one of these rows
        return Reading.objects.filter(pair__queue=queue, reader=user, decided_at=None).delete()[0]


def renew(queue: Queue, user: User) -> None:
    """Let the time of all that a person holds begin again."""
    until = timezone.now() + timedelta(seconds=settings.ENV.review_lease_seconds)
    Reading.objects.filter(pair__queue=queue, reader=user, decided_at=None).update(leased_until=until)


def _hashes(pair: QueuedPair) -> tuple[str, str]:
    return pair.first_sha256, pair.second_sha256


def _slots(pair: QueuedPair) -> list[int]:
    """Return the slots of a pair that somebody may take in its present state."""
    if pair.state == State.CONFLICT:
        return [ADJUDICATOR_SLOT]
    return reader_slots(pair.queue) if pair.state == State.OPEN else []


def reader_slots(queue: Queue) -> list[int]:
    """Return the slots of those who read a queue's pairs without knowing of each other."""
    return [1, 2] if queue.two_readers else [1]


def _hold_slot(
    pair: QueuedPair, slot: int, reading: Reading | None, user: User, now: datetime, until: datetime
) -> Reading | None:
    """Take one slot that is free, one's own, or whose time is over; None when somebody else has it."""
    if reading is None:
        try:
            with transaction.atomic():
                return Reading.objects.create(pair=pair, slot=slot, reader=user, leased_until=until)
        except IntegrityError:  # somebody was quicker; thanks to the savepoint the transaction goes on
            return None
    theirs = Q(reader=user) | Q(leased_until__lte=now)
    # The update asks once more: somebody may have taken the slot since the readings were read.
    rows = Reading.objects.filter(theirs, pk=reading.pk, decided_at=None)
    if not rows.update(reader=user, leased_until=until, started_at=now):
        return None
    reading.reader, reading.leased_until, reading.started_at = user, until, now
    return reading


def _choose(queue: Queue, user: User, step: Direction, position: int, now: datetime) -> QueuedPair | None:
    """Return the pair that is asked for; where the database can, one that nobody else is just choosing."""
    pairs = for_eyes_of(QueuedPair.objects.filter(queue=queue).select_related("queue"), user)
    # Without waiting: two who ask at once are given different pairs. On SQLite they take turns by its one write lock.
    ways = _ways(pairs.select_for_update(skip_locked=True, of=("self",)), queue, user, step, position, now)
    if connection.features.has_select_for_update:
        # Before it is said that none is left: one whose verdict is just being recorded may still need another reader.
        ways += _ways(pairs.select_for_update(of=("self",)), queue, user, step, position, now)
    return next((found for way in ways if (found := way.first()) is not None), None)


def _ways(
    pairs: QuerySet[QueuedPair], queue: Queue, user: User, step: Direction, position: int, now: datetime
) -> list[QuerySet[QueuedPair]]:
    """Return where a pair is looked for, one after the other."""
    wanted = _unread(queue, user, now)
    if step == Direction.AFTER:
        return [
            pairs.filter(wanted, state=State.OPEN, position__gt=position).order_by("position"),
            pairs.filter(wanted, state=State.OPEN, position__lte=position).order_by("position"),
            pairs.filter(wanted, state=State.CONFLICT).order_by("position"),
        ]
    known = pairs.filter(wanted | Q(Exists(_readings(user).filter(decided_at__isnull=False))))
    known = known.exclude(state=State.GONE)
    ways = {
        Direction.FORWARD: [known.filter(position__gt=position).order_by("position")],
        Direction.BACK: [known.filter(position__lt=position).order_by("-position")],
        Direction.AT: [
            known.filter(position__gte=position).order_by("position"),
            known.filter(position__lt=position).order_by("-position"),
        ],
    }
    return ways[step]


def _readings(user: User) -> QuerySet[Reading]:
    return Reading.objects.filter(pair=OuterRef("pk"), reader=user)


def _unread(queue: Queue, user: User, now: datetime) -> Q:
    """Select what a person may read now: what they hold, what has a slot free, and what they may adjudicate."""
    taken = Reading.objects.filter(Q(decided_at__isnull=False) | Q(leased_until__gt=now), pair=OuterRef("pk"))
    free = Q(state=State.OPEN) & Q(~Exists(_readings(user)))
    slots = Q(pk__in=[])
    for slot in reader_slots(queue):
        slots |= Q(~Exists(taken.filter(slot=slot)))
    held = Q(state__in=(State.OPEN, State.CONFLICT)) & Q(Exists(_readings(user).filter(decided_at=None)))
    own_verdicts = Verdict.objects.filter(
        first_sha256=OuterRef("first_sha256"), second_sha256=OuterRef("second_sha256"), author=user
    )
    unjudged = Q(~Exists(taken.filter(slot=ADJUDICATOR_SLOT))) & Q(~Exists(own_verdicts))
    return held | (free & slots) | (Q(state=State.CONFLICT) & Q(~Exists(_readings(user))) & unjudged)


def _let_go_of_others(queue: Queue, user: User) -> None:
    """Give back what a person passed by, so that others can have it."""
    held = Reading.objects.filter(pair__queue=queue, reader=user, decided_at=None).order_by("-started_at", "-pk")
    passed = list(held.values_list("pk", flat=True)[MOST_HELD:])
    if passed:
        Reading.objects.filter(pk__in=passed, decided_at=None).delete()
