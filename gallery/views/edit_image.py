"""Changing the texts and attributes of one image, with an eye on what others changed meanwhile."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gallery.audit_events import Action, logged_at_end
from gallery.curation import bulk_edit
from gallery.curation.attributes import rows_of
from gallery.curation.edit_summary import field_words, value_words
from gallery.curation.forms import ImageForm
from gallery.curation.optimistic_lock import write_seen
from gallery.curation.undo import remember
from gallery.models import Attribute, Image
from gallery.notices import say_done, way_back
from gallery.people.permissions import requires
from gallery.people.roles import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_NAMES = 500
"""Names of attributes that the form suggests at most."""


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Role.CURATOR)
def edit_image(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the form of an image, or save what was changed in it."""
    shown = Image.objects.visible_to(request.user).with_role(request.user, Role.CURATOR)
    image = get_object_or_404(shown, pk=pk)
    if request.method != "POST":
        return _page(request, image, ImageForm(None, image))
    with logged_at_end():
        image = get_object_or_404(Image.objects.select_for_update(), pk=pk)
        form = ImageForm(request.POST, image)
        if not form.is_valid():
            return _page(request, image, form)
        conflicts = form.conflicts()
        if conflicts:
            changed = [(field_words(key, {}), value_words(key, value)) for key, value in conflicts.items()]
            return _page(request, image, form, conflicts=changed)
        moves = bulk_edit.apply([pk], form.edit(), request.user)
        change = remember(cast("User", request.user), Action.EDIT, bulk_edit.as_state(moves)) if moves else None
    back = way_back(request, image.get_absolute_url())
    sentence = _("The changes are saved.") if moves else _("Nothing was changed.")
    say_done(request, sentence, change, code="saved" if moves else "nothing_changed", back=back)
    return redirect(back)


def _page(
    request: HttpRequest, image: Image, form: ImageForm, *, conflicts: list[tuple[str, str]] | None = None
) -> HttpResponse:
    context: dict[str, Any] = {
        "image": image,
        "form": form,
        "rows": rows_of(form),
        "conflicts": conflicts,
        # Only a conflict has shown what stands now; after another mistake it would hide changes by others.
        "seen": write_seen(form.now) if conflicts or not form.is_bound else request.POST.get("seen", ""),
        "back": way_back(request, image.get_absolute_url()),
        "attribute_names": Attribute.objects.visible_names(request.user)[:MAX_NAMES],
    }
    status = HTTPStatus.CONFLICT if conflicts else HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    part = "gallery/_edit_form.html" if request.headers.get("HX-Request") else "gallery/edit_image.html"
    return render(request, part, context, status=status)
