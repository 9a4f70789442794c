"""Deciding about a pair of images, and taking a decision back. Both add a row; neither loses one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from review.exceptions import VerdictError
from review.models import Verdict
from review.verdicts.record import record, sorted_pair

if TYPE_CHECKING:
    from django.contrib.auth.models import User

INSTANT = timedelta(microseconds=1)


class NewerVerdictError(VerdictError):
    """The author decided about this pair since: in another window, or after what is to be undone."""

    def __init__(self, verdict: Verdict) -> None:
        moment = f"{timezone.localtime(verdict.decided_at):%H:%M}"
        super().__init__("decided_in_another_window", kind=str(verdict.get_kind_display()), time=moment)
        self.verdict = verdict


def decide(
    user: User,
    one: str,
    other: str,
    kind: str,
    *,
    note: str = "",
    state: Mapping[str, Any] | None = None,
    seen: int | None = None,
    adjudicates: bool = False,
    in_turn: bool = False,
) -> Verdict:
    """Record what a person decides about two images.

    Parameters
    ----------
    user : who decides
    one, other : SHA-256 of the images, in any order
    kind, note, state : see `review.verdicts.record.record`
    seen : id of this person's newest verdict on the pair as the form showed it, 0 for none; None: do not ask
    adjudicates : whether this settles what two readers disagree about; who did so once does so by a change of mind, too
    in_turn : whether `take_turns` was called in this transaction already

    Returns
    -------
    verdict : the new row; with `seen`, the newest one where it says the same already (a button pressed twice)

    Raises
    ------
    NewerVerdictError : this person decided otherwise since the form was made; nothing is recorded
    VerdictError : see `review.verdicts.record.record`
    """
    with transaction.atomic():
        if not in_turn:
            take_turns(user)
        newest = newest_of(user, one, other)
        if newest is not None and seen is not None:
            if (newest.kind, newest.note) == (kind, note):  # pressed twice, or sent again by a browser
                return newest
            if newest.pk != seen:
                raise NewerVerdictError(newest)
        settles = adjudicates or (newest is not None and newest.adjudicates)
        return _add(user, one, other, kind, newest, note=note, state=state, adjudicates=settles)


def undo(user: User, pk: int, *, in_turn: bool = False) -> Verdict:
    """Take a person's newest verdict on a pair back: what this person said before it counts again, or nothing.

    `in_turn`: see `decide`.

    Returns
    -------
    verdict : the row that does so, of the kind that counts now

    Raises
    ------
    Verdict.DoesNotExist : this person made no such verdict
    NewerVerdictError : it is not the newest any more; nothing is recorded
    """
    with transaction.atomic():
        if not in_turn:
            take_turns(user)
        undone = Verdict.objects.get(pk=pk, author_name=user.get_username())
        newest, *earlier = own_verdicts(user, undone.first_sha256, undone.second_sha256)
        if newest.pk != pk:
            raise NewerVerdictError(newest)
        kind, note, state, settles = Verdict.Kind.WITHDRAWN.value, "", dict[str, Any](), False
        if earlier:
            before = earlier[0]
            kind, note, state, settles = before.kind, before.note, dict(before.state), before.adjudicates
        about = {"note": note, "state": state | {"undoes": pk}, "adjudicates": settles}
        return _add(user, undone.first_sha256, undone.second_sha256, kind, newest, **about)


def own_verdicts(user: User, one: str, other: str) -> list[Verdict]:
    """Return all verdicts of a person on a pair, newest first."""
    first, second = sorted_pair(one, other)
    mine = Verdict.objects.filter(first_sha256=first, second_sha256=second, author_name=user.get_username())
    return list(mine.order_by("-decided_at", "-pk"))


def newest_of(user: User, one: str, other: str) -> Verdict | None:
    """Return a person's newest verdict on a pair, though it be withdrawn."""
    return next(iter(own_verdicts(user, one, other)), None)


def take_turns(user: User) -> None:
    """Let two windows of one person decide one after the other."""
    # No key changes by it: who only names this person in a row, as who is handed a pair does, need not wait.
    get_user_model().objects.select_for_update(no_key=True).filter(pk=user.pk).first()


def _add(user: User, one: str, other: str, kind: str, newest: Verdict | None, **about: Any) -> Verdict:
    """Record a verdict that counts from now on, though the one before it be dated later (by another clock)."""
    moment = timezone.now()
    if newest is not None and newest.decided_at >= moment:
        moment = newest.decided_at + INSTANT
    return record(one, other, kind, author=user, decided_at=moment, **about)
