"""Decisions about many groups: planned, shown beforehand, and done a few at a time.

The plan holds images, so what was agreed to is what is done, although a scan has replaced the groups meanwhile. A plan
that takes longer than a page can wait is left to a worker; it goes on where it was interrupted. A group that meets an
error of its own fails alone; what stops the whole act is tried again, a limited number of times between two steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model

from gallery.audit_events import Action, Many, log_act, logged_at_end
from gallery.batches import lock_rows
from gallery.models import Image
from jobs.guard import Failure, guarded
from jobs.job import job
from jobs.progress import Progress
from review.duplicates.decide import decisions as decide_decisions
from review.duplicates.decide.in_force import Kind, doubted_pairs, in_force, pairs_within
from review.duplicates.decide.plan import BulkPlan, PlannedGroup
from review.exceptions import DuplicatesError
from review.models import DecidedImage, DuplicateBulk, DuplicateDecision

if TYPE_CHECKING:
    from django.contrib.auth.models import User

AT_ONCE = 50
"""Groups of one transaction; a plan of no more is done while the page waits."""
LEASE_SECONDS = 120
"""A transaction takes seconds; whoever is silent for longer has ended."""


@job(DuplicateBulk, queue=settings.QUEUE_MAINTENANCE, name="duplicate_bulk", lease_seconds=LEASE_SECONDS)
def bulk_decisions(bulk: DuplicateBulk, progress: Progress[DuplicateBulk]) -> None:
    """Do what was agreed to, from the group on that an earlier attempt came to."""
    while bulk.num_done + bulk.num_skipped < bulk.num_total:
        with logged_at_end():
            _do_some(bulk)
            # Counted in the transaction that does the groups: after a crash none is done twice or left out.
            progress.advance(
                num_done=bulk.num_done,
                num_skipped=bulk.num_skipped,
                skip_code=bulk.skip_code,
                skip_params=bulk.skip_params,
            )


def ask(plan: BulkPlan, kind: str, user: User, *, merges: bool = False) -> DuplicateBulk:
    """Note what was agreed to; `bulk_decisions` does it.

    Raises
    ------
    DuplicatesError : the plan is empty
    """
    if not plan.entries:
        raise DuplicatesError("nothing_to_decide")
    entries = [entry.as_state() for entry in plan.entries]
    return _create(kind, entries, user, merges=merges)


def ask_undo(bulk: DuplicateBulk, user: User) -> DuplicateBulk:
    """Note that an act on many groups is to be taken back.

    Raises
    ------
    DuplicatesError : it is somebody else's, goes on still, or was undone already
    """
    if bulk.asked_by_id != user.pk:
        raise DuplicatesError("decided_by_another", name=bulk.author_name)
    if bulk.is_active:
        raise DuplicatesError("still_being_done")
    decisions = list(in_force().filter(bulk=bulk).order_by("-pk").values_list("pk", flat=True))
    if not decisions:
        raise DuplicatesError("undone_already")
    return _create(Kind.UNDONE, decisions, user, undoes=bulk)


def fits_a_page(bulk: DuplicateBulk) -> bool:
    """Tell whether an act is short enough for a page to wait for it."""
    return bulk.num_total <= AT_ONCE


def _create(kind: str, plan: Sequence[object], user: User, **about: object) -> DuplicateBulk:
    return DuplicateBulk.objects.create(
        kind=kind, plan=plan, asked_by=user, author_name=user.get_username(), num_total=len(plan), **about
    )


def _do_some(bulk: DuplicateBulk) -> None:
    """Do the next groups; what they do and that they are done is one transaction.

    Raises
    ------
    DuplicatesError : whoever asked for it is not here any more
    """
    people = get_user_model().objects.filter(is_active=True)
    user = people.filter(pk=bulk.asked_by_id or 0).first()  # read again: a role may be withdrawn
    if user is None:
        raise DuplicatesError("asker_gone")
    done, skipped = bulk.num_done, bulk.num_skipped
    start = done + skipped
    items = bulk.plan[start : start + AT_ONCE]  # the plan never changes, so the counts are the place in it
    _lock(bulk, items)
    for item in items:
        failure = _failure_of(bulk, item, user)
        if failure:
            bulk.num_skipped += 1
            bulk.skip_code, bulk.skip_params = failure.code, failure.params or None
        else:
            bulk.num_done += 1
    if bulk.num_done > done:  # passing groups over is no act
        _log(bulk, user, bulk.num_done - done, bulk.num_skipped - skipped)


def _lock(bulk: DuplicateBulk, items: Sequence[Any]) -> None:
    """Lock what all the groups are about, by rising id: each group alone would lock its own, in the plan's order."""
    if bulk.kind == Kind.UNDONE:
        decisions = DuplicateDecision.objects.filter(pk__in=lock_rows(DuplicateDecision.objects.all(), items))
        hashes = DecidedImage.objects.filter(decision__in=decisions).values("sha256")
        lock_rows(Image.objects.all(), Image.objects.filter(sha256__in=hashes).values_list("pk", flat=True))
    else:
        entries = map(PlannedGroup.from_state, items)
        lock_rows(Image.objects.all(), [pk for entry in entries for pk in entry.members])


def _failure_of(bulk: DuplicateBulk, item: Any, user: User) -> Failure | None:
    """Do one group, or nothing of it; return why not, None when it is done."""

    # A savepoint of its own, because an error would spoil the whole transaction on PostgreSQL.
    def decide() -> None:
        with logged_at_end():
            _do_one(bulk, item, user)

    return guarded(decide, f"decision {item!r} of many groups, {bulk.pk},")


def _do_one(bulk: DuplicateBulk, item: Any, user: User) -> None:
    if bulk.kind == Kind.UNDONE:
        decide_decisions.undo(DuplicateDecision.objects.get(pk=item), user, bulk=bulk)
        return
    entry = PlannedGroup.from_state(item)
    _refuse_doubted(entry, user)
    about = {"tier": entry.tier}
    if bulk.kind == Kind.KEEP_ALL:
        decide_decisions.keep_all(entry.members, user, about=about, bulk=bulk)
    else:
        decide_decisions.keep_one(entry.keeper, entry.others, user, merges=bulk.merges, about=about, bulk=bulk)


def _refuse_doubted(entry: PlannedGroup, user: User) -> None:
    """Leave a group to people, where they have come to disagree about it since the plan was made.

    Raises
    ------
    DuplicatesError : they have
    """
    hashes = Image.objects.filter(pk__in=entry.members).values_list("sha256", flat=True)
    if doubted_pairs(pairs_within([set(hashes)]), user):
        raise DuplicatesError("doubted_meanwhile")


def _log(bulk: DuplicateBulk, user: User, num_done: int, num_skipped: int) -> None:
    """Log what one transaction did; its decisions, which nobody can change, say which images it was about."""
    about = {"kind": bulk.kind, "merges": bulk.merges, "bulk": bulk.pk, "done": num_done, "skipped": num_skipped}
    if bulk.undoes_id:
        about["undoes"] = bulk.undoes_id
    log_act(user, Action.DUPLICATES, Many("groups", num_done), **about)
