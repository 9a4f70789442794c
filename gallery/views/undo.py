"""The button beside a message that undoes the action."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from gallery.curation.undo import UndoError
from gallery.curation.undo import undo as undo_change
from gallery.notices import way_back
from gallery.people.permissions import requires
from gallery.people.roles import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@require_POST
@requires(Role.CURATOR)
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo one act of this person and go back to where it was done."""
    try:
        number = undo_change(pk, cast("User", request.user))
    except UndoError as error:
        messages.error(request, str(error), extra_tags=error.code)
    else:
        text = ngettext("Undone: %(n)d image is as it was.", "Undone: %(n)d images are as they were.", number)
        messages.success(request, text % {"n": number}, extra_tags="undone")
    return redirect(way_back(request))
