"""Verdicts on the pairs of a queue. Each is recorded, whatever happens; the answer says if it counts as a reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from gallery.audit_events import logged_at_end
from gallery.models import Image
from review.exceptions import QueueError
from review.models import QueuedPair, Reading, Verdict
from review.queues.assign import hold, reader_slots, renew
from review.queues.locks import lock_pair
from review.verdicts import decide as verdicts_decide
from review.verdicts.consensus import ADJUDICATOR_SLOT

if TYPE_CHECKING:
    from django.contrib.auth.models import User

State = QueuedPair.State


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a decision.

    Attributes
    ----------
    verdict : as it was recorded
    counted : whether it is a reading of the queue
    why : the code of the sentence that says why it is not; empty when it is
    """

    verdict: Verdict
    counted: bool
    why: str


def decide(
    pair: QueuedPair,
    user: User,
    kind: str,
    *,
    note: str = "",
    seen: int | None = None,
    state: Mapping[str, Any] | None = None,
) -> Outcome:
    """Record what a person decides about a pair of a queue.

    The verdict is kept although the queue was closed meanwhile, an image removed, the time over and the pair in other
    hands; then it counts like one made outside of the queue.

    Parameters
    ----------
    pair : of a queue
    user : who may decide about both images
    kind, note, seen, state : see `review.verdicts.decide.decide`

    Raises
    ------
    NewerVerdictError : this person decided otherwise since the page was made; nothing is recorded
    VerdictError : see `review.verdicts.record.record`
    """
    with logged_at_end():
        locked = _lock(pair, user)
        reading, why = _place_of(locked, user)
        adjudicates = reading is not None and reading.slot == ADJUDICATOR_SLOT
        verdict = verdicts_decide.decide(
            user,
            locked.first_sha256,
            locked.second_sha256,
            kind,
            note=note,
            seen=seen,
            state=state,
            adjudicates=adjudicates,
            in_turn=True,
        )
        if reading is not None:
            why = _count(locked, reading, verdict)
        renew(locked.queue, user)  # who decides is there: the pairs in hand stay theirs
    return Outcome(verdict, not why, why)


def undo(pair: QueuedPair, user: User) -> Verdict:
    """Take one's reading of a pair back: the verdict is withdrawn, and the pair is in this person's hands again.

    Returns
    -------
    verdict : the row that withdraws it, see `review.verdicts.decide.undo`; where the reading only confirmed what this
        person had decided before, that verdict, which stays

    Raises
    ------
    QueueError : there is no reading of this person, or another reader has decided since; nothing is changed
    NewerVerdictError : this person decided again elsewhere; nothing is changed
    """
    with logged_at_end():
        locked = _lock(pair, user)
        reading = Reading.objects.filter(pair=locked, reader=user, decided_at__isnull=False).first()
        if reading is None or reading.verdict is None:
            raise QueueError("not_decided_in_this_queue")
        if _decided_since(reading):
            raise QueueError("another_reader_since")
        verdict, started_at = reading.verdict, reading.started_at
        reading.verdict, reading.decided_at = None, None
        reading.save(update_fields=["verdict", "decided_at"])
        # An older verdict was given elsewhere and only confirmed by the reading: it is not undone with it.
        if verdict.decided_at >= started_at:
            verdict = verdicts_decide.undo(user, verdict.pk, in_turn=True)
        if reopen(locked):
            hold(locked, user, timezone.now())
    return verdict


def reopen(pair: QueuedPair) -> bool:
    """Bring a pair's state in line with its readings when one was taken back; False: it cannot be read any more."""
    settle(pair)
    if _is_there(pair):
        return True
    QueuedPair.objects.filter(pk=pair.pk).update(state=State.GONE)  # it was decided when its image was removed
    return False


def settle(pair: QueuedPair) -> None:
    """Bring a pair's state in line with its readings."""
    decided = Reading.objects.filter(pair=pair, verdict__isnull=False).values_list("slot", "verdict__kind")
    kinds: dict[int, str] = dict(decided)
    readers = [kinds[slot] for slot in reader_slots(pair.queue) if slot in kinds]
    if len(readers) < len(reader_slots(pair.queue)):
        state = State.OPEN
    elif len(set(readers)) == 1 or ADJUDICATOR_SLOT in kinds:
        state = State.DECIDED
    else:
        state = State.CONFLICT
    if state != pair.state:
        pair.state = state
        pair.decided_at = timezone.now() if state == State.DECIDED else None
        pair.save(update_fields=["state", "decided_at"])


def _lock(pair: QueuedPair, user: User) -> QueuedPair:
    """Return the pair as it is now, so that nobody else decides about it until the transaction ends."""
    # The person first, as with every verdict, whose pairs are locked after that: else two windows wait for each other.
    verdicts_decide.take_turns(user)
    rows = {row.pk: row for row in lock_pair((pair.first_sha256, pair.second_sha256))}
    return rows[pair.pk]


def _is_there(pair: QueuedPair) -> bool:
    """Tell whether both images of a pair can be found."""
    return Image.objects.shown().filter(sha256__in=(pair.first_sha256, pair.second_sha256)).count() == 2


def _place_of(pair: QueuedPair, user: User) -> tuple[Reading | None, str]:
    """Return the reading that a person's verdict on a pair becomes, or None and why it cannot be one."""
    if not pair.queue.is_open:
        return None, "queue_closed_meanwhile"
    if pair.state == State.GONE:
        return None, "image_removed_meanwhile"
    reading = Reading.objects.filter(pair=pair, reader=user).first() or _hold_late(pair, user)
    if reading is None:
        return None, "read_by_others_meanwhile"
    return reading, ""


def _count(pair: QueuedPair, reading: Reading, verdict: Verdict) -> str:
    """Make a verdict the reading of its author; return why it cannot be that any more, or an empty text."""
    if reading.verdict_id == verdict.pk:  # the same button pressed twice
        return ""
    if reading.decided_at is not None and _decided_since(reading):
        return "first_reading_stays"
    reading.verdict, reading.decided_at = verdict, timezone.now()
    reading.save(update_fields=["verdict", "decided_at"])
    settle(pair)
    return ""


def _hold_late(pair: QueuedPair, user: User) -> Reading | None:
    """Give somebody whose time was over a place that is still free, but never that of the adjudicator.

    Who adjudicates has seen what both readers said; a verdict that was made blind must not weigh more than theirs.
    """
    return hold(pair, user, timezone.now()) if pair.state == State.OPEN else None


def _decided_since(reading: Reading) -> bool:
    """Tell whether somebody else decided about the pair after this reading."""
    others = Reading.objects.filter(pair=reading.pair_id).exclude(pk=reading.pk)
    return others.filter(decided_at__gte=reading.decided_at).exists()
