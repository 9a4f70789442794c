"""Undoing actions on images: the values an action replaced are stored for TRASH_DAYS, for the person who did it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from gallery.audit_events import Action, logged_at_end
from gallery.batches import batches
from gallery.curation import bulk_edit, merge, visibility
from gallery.models import Change, Image
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from jobs.errors import CodedError

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class UndoError(CodedError):
    """This act cannot be undone; the message says why."""


def remember(user: User, action: Action, state: Mapping[str, Any]) -> Change:
    """Keep what is needed to undo an act: the ids of images, the moves of an edit, or the state of a merge."""
    return Change.objects.create(user=user, action=action, state=dict(state))


def undo(change_id: int, user: User) -> int:
    """Undo one act, once; return how many images it changed.

    Raises
    ------
    UndoError : nothing is changed
    """
    with logged_at_end():
        # Locked, so that of two presses of the button one undoes and the other is told so.
        change = Change.objects.select_for_update().filter(pk=change_id).first()
        if change is None or not (change.user_id == user.pk or permissions_of(user).sees_all):
            raise UndoError("nothing_to_undo", days=settings.TRASH_DAYS)
        if change.undone_at:
            raise UndoError("change_undone_already")
        _check_role(change, user)
        num_changed = _WAYS_BACK[Action(change.action)](change.state, user)
        Change.objects.filter(pk=change.pk).update(undone_at=timezone.now())
    return num_changed


def forget() -> int:
    """Forget acts that are too old to be undone; return how many."""
    old = Change.objects.filter(made_at__lt=timezone.now() - timedelta(days=settings.TRASH_DAYS))
    return old.delete()[0]


def _check_role(change: Change, user: User) -> None:
    ids = _image_ids(Action(change.action), change.state)
    for part in batches(ids):
        there = Image.objects.filter(pk__in=part)  # what was deleted since is passed over
        if there.exclude(pk__in=there.with_role(user, Role.CURATOR).values("pk")).exists():
            raise UndoError("curates_no_longer")


def _image_ids(action: Action, state: Mapping[str, Any]) -> list[int]:
    if action == Action.EDIT:
        return bulk_edit.changed_ids(bulk_edit.from_state(state))
    if action == Action.MERGE:
        merged = merge.Merged.from_state(state)
        return [merged.keeper_id, *merged.other_ids]
    return list(state["ids"])


def _undo_edit(state: Mapping[str, Any], user: User) -> int:
    """Revert an edit, unless images would get out of sight by it: what shows them now may have come after the edit."""
    back = bulk_edit.revert(bulk_edit.from_state(state), user)
    lost = [] if permissions_of(user).sees_all else bulk_edit.out_of_sight(back)
    if lost:
        raise UndoError("undo_takes_out_of_sight", n=len(lost))  # the transaction of `undo` takes the writes back
    return len(bulk_edit.changed_ids(back))


_WAYS_BACK: dict[Action, Callable[[Mapping[str, Any], User], int]] = {
    Action.HIDE: lambda state, user: visibility.unhide(state["ids"], user),
    Action.SHOW: lambda state, user: visibility.hide(state["ids"], user),
    Action.TRASH: lambda state, user: visibility.restore(state["ids"], user),
    Action.MERGE: lambda state, user: merge.unmerge(merge.Merged.from_state(state), user),
    Action.EDIT: _undo_edit,
}
