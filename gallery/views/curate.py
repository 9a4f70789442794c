"""Actions of curators on selected images: hide, show again, tag, collect, move to the trash. Each can be undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from gallery.audit_events import Action, logged_at_end
from gallery.batches import lock_rows
from gallery.curation import bulk_edit, visibility
from gallery.curation.bulk_edit import Edit
from gallery.curation.collections import collection_named
from gallery.curation.selection import NotTheirsError, all_curated, visible
from gallery.curation.undo import remember
from gallery.explained_form import codes_of
from gallery.forms import CurateForm
from gallery.models import Change, Collection, Image
from gallery.notices import say_done, way_back
from gallery.people.membership import RoleError, refuse_addition
from gallery.people.permissions import requires
from gallery.people.roles import Role
from jobs.errors import CodedError

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Done = tuple[str, Change | None]
"""What is said of an act, and what undoes it; None where nothing was changed."""


class ActError(CodedError):
    """The act cannot be done, and nothing was changed; the code says why."""


@require_POST
@requires(Role.CURATOR)
def curate(request: HttpRequest) -> HttpResponse:
    """Do what the selection's action bar asks and go back to where it was asked."""
    form = CurateForm(request.POST)
    back = way_back(request)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(map(str, errors)), extra_tags=codes_of(errors))
        return redirect(back)
    asked = form.cleaned_data
    try:
        sentence, change = ACTIONS[asked["action"]](asked["image"], asked, cast("User", request.user))
    except (ActError, NotTheirsError, RoleError) as error:
        messages.error(request, str(error), extra_tags=error.code)
    else:
        say_done(request, sentence, change, code=asked["action"], back=back)
    return redirect(back)


def _hide(chosen: list[int], asked: dict[str, Any], user: User) -> Done:
    ids, change = _act(chosen, user, Action.HIDE, Q(hidden=False), visibility.hide)
    text = ngettext(
        "%(n)s image is hidden. The status filter of the gallery shows it.",
        "%(n)s images are hidden. The status filter of the gallery shows them.",
        len(ids),
    )
    return text % {"n": len(ids)}, change


def _unhide(chosen: list[int], asked: dict[str, Any], user: User) -> Done:
    ids, change = _act(chosen, user, Action.SHOW, Q(hidden=True), visibility.unhide)
    return ngettext("%(n)s image is shown again.", "%(n)s images are shown again.", len(ids)) % {"n": len(ids)}, change


def _trash(chosen: list[int], asked: dict[str, Any], user: User) -> Done:
    ids, change = _act(chosen, user, Action.TRASH, visibility.MAY_BE_TRASHED, visibility.trash)
    text = ngettext("%(n)s image is in the trash now.", "%(n)s images are in the trash now.", len(ids))
    return text % {"n": len(ids)}, change


def _act(
    chosen: list[int], user: User, action: Action, state: Q, act: Callable[[list[int], User], int]
) -> tuple[list[int], Change | None]:
    """Do an act to the images of that state; only they are as before when it is undone."""
    ids = all_curated(chosen, user)
    with logged_at_end():
        changing = lock_rows(Image.objects.filter(state), ids)
        act(changing, user)
        change = remember(user, action, {"ids": changing}) if changing else None
    return changing, change


def _tag(chosen: list[int], asked: dict[str, Any], user: User) -> Done:
    ids = all_curated(chosen, user)
    change = _edit(ids, Edit({f"tag:{name}": True for name in asked["tag"]}), user)
    text = ngettext("%(n)s image is tagged %(name)s.", "%(n)s images are tagged %(name)s.", len(ids))
    return text % {"n": len(ids), "name": ", ".join(asked["tag"])}, change


def _untag(chosen: list[int], asked: dict[str, Any], user: User) -> Done:
    ids = all_curated(chosen, user)
    change = _edit(ids, Edit({f"tag:{name}": False for name in asked["tag"]}), user)
    text = ngettext(
        "%(n)s image is no longer tagged %(name)s.", "%(n)s images are no longer tagged %(name)s.", len(ids)
    )
    return text % {"n": len(ids), "name": ", ".join(asked["tag"])}, change


def _collect(chosen: list[int], asked: dict[str, Any], user: User) -> Done:
    refuse_addition(user, asked["collection"])
    ids = all_curated(chosen, user)
    with logged_at_end():
        # Images before collections, as everywhere: who uploads into a new one has locked images when it makes it.
        lock_rows(Image.objects.all(), ids)
        collection = collection_named(asked["collection"], user)
        change = _edit(ids, Edit({f"collection:{collection.pk}": True}), user)
    text = ngettext("%(n)s image is in %(name)s now.", "%(n)s images are in %(name)s now.", len(ids))
    return text % {"n": len(ids), "name": collection}, change


def _uncollect(chosen: list[int], asked: dict[str, Any], user: User) -> Done:
    """Take images out of a collection; that is for its curators, whoever curates the images."""
    collection = Collection.objects.with_role(user, Role.CURATOR).filter(name=asked["leave"]).first()
    if collection is None:
        raise ActError("not_its_curator", name=asked["leave"])
    edit, ids = Edit({f"collection:{collection.pk}": False}), visible(chosen, user)
    with logged_at_end():
        # Locked first: somebody else may be taking the same images out of the only other collection that shows them.
        lock_rows(Image.objects.all(), ids)
        lost = len(bulk_edit.out_of_sight(bulk_edit.plan(ids, edit)))
        if lost:
            raise ActError("in_no_other_collection", n=lost)
        change = _edit(ids, edit, user)
    text = ngettext("%(n)s image is not in %(name)s any more.", "%(n)s images are not in %(name)s any more.", len(ids))
    return text % {"n": len(ids), "name": collection}, change


def _edit(ids: list[int], edit: Edit, user: User) -> Change | None:
    with logged_at_end():
        moves = bulk_edit.apply(ids, edit, user)
        return remember(user, Action.EDIT, bulk_edit.as_state(moves)) if moves else None


ACTIONS: dict[str, Callable[[list[int], dict[str, Any], User], Done]] = {
    "hide": _hide,
    "unhide": _unhide,
    "trash": _trash,
    "tag": _tag,
    "untag": _untag,
    "collect": _collect,
    "uncollect": _uncollect,
}
