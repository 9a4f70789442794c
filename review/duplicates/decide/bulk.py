"""Decisions about many groups: planned, shown beforehand, and done a few at a time.

The plan holds images, so what was agreed to is what is done, although a scan has replaced the groups meanwhile. A plan
that takes longer than a page can wait is left to a worker; it goes on where it was interrupted. A group that meets an
error of its own fails alone; what stops the whole act is tried again, a limited number of times.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import InterfaceError, OperationalError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rq.timeouts import JobTimeoutException

from gallery.audit_events import Action, log_act
from gallery.models import Image
from review.duplicates.decide import decisions as decide_decisions
from review.duplicates.decide.in_force import Kind, doubted_pairs, in_force, pairs_within
from review.duplicates.decide.plan import BulkPlan, PlannedGroup
from review.exceptions import DuplicatesError
from review.models import DuplicateBulk, DuplicateDecision

if TYPE_CHECKING:
    from django.contrib.auth.models import User

State = DuplicateBulk.State
ACTIVE = (State.WAITING, State.RUNNING)
AT_ONCE = 50
"""Groups of one transaction; a plan of no more is done while the page waits."""
LATE_AFTER = timedelta(seconds=10)
LOST_AFTER = timedelta(minutes=2)
OF_THE_WHOLE_RUN = (OperationalError, InterfaceError, JobTimeoutException, MemoryError)
"""What is no fault of the group at hand: the next would meet it as well."""
ERROR_LENGTH = 300
logger = logging.getLogger(__name__)


def ask(plan: BulkPlan, kind: str, user: User, *, merges: bool = False) -> DuplicateBulk:
    """Note what was agreed to; `run` does it.

    Raises
    ------
    DuplicatesError : the plan is empty
    """
    if not plan.entries:
        raise DuplicatesError(_("There is nothing to decide: none of these groups is yours to decide about."))
    entries = [entry.as_state() for entry in plan.entries]
    return _create(kind, entries, user, merges=merges)


def ask_undo(bulk: DuplicateBulk, user: User) -> DuplicateBulk:
    """Note that an act on many groups is to be taken back.

    Raises
    ------
    DuplicatesError : it is somebody else's, goes on still, or was undone already
    """
    if bulk.author_id != user.pk:
        raise DuplicatesError(
            _("Only the person who decided can undo a decision; this was %(name)s.") % {"name": bulk.author_name}
        )
    if bulk.state in ACTIVE:
        raise DuplicatesError(_("This is still being done; it can be undone when it has ended."))
    decisions = list(in_force().filter(bulk=bulk).order_by("-pk").values_list("pk", flat=True))
    if not decisions:
        raise DuplicatesError(_("This was undone already."))
    return _create(Kind.UNDONE, decisions, user, undoes=bulk)


def fits_a_page(bulk: DuplicateBulk) -> bool:
    """Tell whether an act is short enough for a page to wait for it."""
    return bulk.num_total <= AT_ONCE


def run(pk: int) -> None:
    """Do what a row asks for, unless somebody does so already; what goes wrong is kept on the row."""
    waiting = DuplicateBulk.objects.filter(pk=pk, state=State.WAITING)
    attempt = models.F("attempts") + 1
    if not waiting.update(state=State.RUNNING, attempts=attempt, heartbeat_at=timezone.now()):
        return
    try:
        _go_on(DuplicateBulk.objects.get(pk=pk))
    except JobTimeoutException:
        _try_again(pk, _("Deciding took longer than a worker may take."))
        raise
    except Exception as error:
        logger.exception("decisions about many groups, %d, were interrupted", pk)
        _try_again(pk, _named(error))


def waiting_late() -> list[int]:
    """Return the acts that wait although their job must have been lost; those of dead workers wait again, or fail."""
    lost = DuplicateBulk.objects.filter(state=State.RUNNING, heartbeat_at__lt=timezone.now() - LOST_AFTER)
    _release(lost, _("The worker ended before all was decided, also at the last attempt."))
    late = DuplicateBulk.objects.filter(state=State.WAITING, created_at__lt=timezone.now() - LATE_AFTER)
    return list(late.values_list("pk", flat=True))


def _go_on(bulk: DuplicateBulk) -> None:
    while bulk.state == State.RUNNING:
        with transaction.atomic():
            _do_some(bulk)
            bulk.save()


def _try_again(pk: int, why: str) -> None:
    _release(DuplicateBulk.objects.filter(pk=pk, state=State.RUNNING), why)


def _release(running: models.QuerySet[DuplicateBulk], why: str) -> None:
    """Let acts that were interrupted wait again; those that were tried often enough fail."""
    tired = running.filter(attempts__gte=settings.ENV.max_attempts)
    tired.update(state=State.FAILED, error=why[:ERROR_LENGTH])
    running.update(state=State.WAITING)


def _create(kind: str, plan: Sequence[object], user: User, **about: object) -> DuplicateBulk:
    return DuplicateBulk.objects.create(
        kind=kind, plan=plan, author=user, author_name=user.get_username(), num_total=len(plan), **about
    )


def _do_some(bulk: DuplicateBulk) -> None:
    """Do the next groups; what they do and that they are done is one transaction."""
    people = get_user_model().objects.filter(is_active=True)
    user = people.filter(pk=bulk.author_id or 0).first()  # anew: a role may be withdrawn
    if user is None:
        bulk.state, bulk.error = State.FAILED, _("The account of the person who asked for this is gone.")
        return
    done, skipped = bulk.num_done, bulk.num_skipped
    start = done + skipped
    for item in bulk.plan[start : start + AT_ONCE]:
        problem = _problem_with(bulk, item, user)
        if problem:
            bulk.num_skipped += 1
            bulk.error = problem[:ERROR_LENGTH]
        else:
            bulk.num_done += 1
    if bulk.num_done > done:
        _tell(bulk, user, bulk.num_done - done, bulk.num_skipped - skipped)
    if bulk.num_done + bulk.num_skipped >= bulk.num_total:
        bulk.state = State.READY


def _problem_with(bulk: DuplicateBulk, item: Any, user: User) -> str:
    """Do one group, or nothing of it; return why not, empty when it is done."""
    try:
        with transaction.atomic():
            _do_one(bulk, item, user)
    except DuplicatesError as error:
        return str(error)
    except OF_THE_WHOLE_RUN:
        raise
    except Exception as error:
        logger.exception("decisions about many groups, %d: %r was left as it is", bulk.pk, item)
        return _named(error)
    return ""


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


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
        raise DuplicatesError(
            _("People disagree about two of these images meanwhile, or are unsure; look at the group by itself.")
        )


def _tell(bulk: DuplicateBulk, user: User, num_done: int, num_skipped: int) -> None:
    """Tell of what one transaction did; its decisions, which nobody can change, say which images it was about."""
    about = {"kind": bulk.kind, "merges": bulk.merges, "bulk": bulk.pk, "done": num_done, "skipped": num_skipped}
    if bulk.undoes_id:
        about["undoes"] = bulk.undoes_id
    log_act(user, Action.DUPLICATES, f"{num_done} groups", **about)
