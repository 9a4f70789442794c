"""Editing many images at once: say what, look at what would happen, do it. Nothing changes before the last step."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from gallery.audit_events import Action, logged_at_end
from gallery.batches import lock_rows
from gallery.curation import bulk_edit as curation_bulk_edit
from gallery.curation import edit_summary
from gallery.curation.attributes import rows_of
from gallery.curation.collections import collection_named
from gallery.curation.forms import BulkForm
from gallery.curation.selection import Selection, select_images
from gallery.curation.title_patterns import PLACES, PatternError
from gallery.curation.undo import remember
from gallery.explained_form import invalid
from gallery.models import Attribute, Change, Collection, Image, Tag
from gallery.notices import say_done, way_back
from gallery.people.permissions import requires
from gallery.people.roles import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SHOWN = 12
MAX_IMAGES = 50_000
"""Images of one edit: all are changed in one transaction, for which others have to wait."""
TOO_MANY = gettext_lazy(
    "Expected at most %(most)d images to edit at once, got %(number)d. Choose fewer, by a filter more."
)
MAX_NAMES = 500
"""Names that a field suggests at most."""


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Role.CURATOR)
def bulk_edit(request: HttpRequest) -> HttpResponse:
    """Show the form, the preview of what it asks for, or do it: as `step` says."""
    try:
        choice = select_images(request.POST if request.method == "POST" else request.GET, request.user)
    except ValidationError as error:
        return _refuse(request, " ".join(error.messages), error.code or "")
    if not choice.ids:
        text = _("You may change none of these images: for that, be a curator of them.")
        return _refuse(request, text, "none_of_theirs")
    if len(choice.ids) > MAX_IMAGES:
        return _refuse(request, TOO_MANY % {"most": MAX_IMAGES, "number": len(choice.ids)}, "too_many")
    step = request.POST.get("step", "form")
    if step == "form":
        return _form(request, choice, BulkForm(user=request.user))
    form = BulkForm(request.POST, user=request.user)
    if step == "again" or not form.is_valid():
        return _form(request, choice, form)
    try:
        moves = curation_bulk_edit.plan(choice.ids, form.edit(_known_collection(form)))
    except PatternError as error:
        form.add_error("title", invalid(error))
        return _form(request, choice, form)
    if problem := _sight_problem(moves, form):
        form.add_error(None, ValidationError(problem, code="out_of_sight"))
        return _form(request, choice, form)
    # What passes a filter may have changed since the preview: then there is another preview instead.
    if step == "apply" and request.POST.get("digest") == choice.digest:
        return _apply(request, choice, form)
    return _preview(request, choice, form, moves)


def _refuse(request: HttpRequest, sentence: str, code: str) -> HttpResponse:
    context = {"sentence": sentence, "code": code, "back": way_back(request)}
    return render(request, "gallery/bulk_edit.html", context, status=HTTPStatus.BAD_REQUEST)


def _form(request: HttpRequest, choice: Selection, form: BulkForm) -> HttpResponse:
    user = request.user
    context = _choice_context(request, choice) | {
        "form": form,
        "rows": rows_of(form),
        "places": [f"{{{name}}}" for name in PLACES],
        "images": Image.objects.filter(pk__in=choice.ids[:SHOWN]).order_by("pk"),
        "tags": Tag.objects.visible_to(user)[:MAX_NAMES],
        "collections": Collection.objects.with_role(user, Role.CONTRIBUTOR)[:MAX_NAMES],
        "attribute_names": Attribute.objects.visible_names(user)[:MAX_NAMES],
    }
    # Who comes back from the preview to change something has made no mistake, though the form has one by now.
    status = HTTPStatus.BAD_REQUEST if form.errors and request.POST.get("step") != "again" else HTTPStatus.OK
    return render(request, "gallery/bulk_edit.html", context, status=status)


def _preview(request: HttpRequest, choice: Selection, form: BulkForm, moves: curation_bulk_edit.Moves) -> HttpResponse:
    new = form.cleaned_data["add_collection"] if _known_collection(form) is None else ""
    context = _choice_context(request, choice) | {
        "form": form,
        "sent": [(name, value) for name, values in request.POST.lists() if _is_of_form(name) for value in values],
        "lines": edit_summary.lines(moves, len(choice.ids)),
        "samples": edit_summary.samples(moves),
        "new_collection": new,
        # A collection that is not made yet is in no plan, and all of them will join it.
        "num_changed": len(choice.ids) if new else len(curation_bulk_edit.changed_ids(moves)),
        # They pressed the button and get another preview instead: the page says why.
        "has_moved": request.POST.get("step") == "apply",
    }
    return render(request, "gallery/bulk_preview.html", context)


def _is_of_form(name: str) -> bool:
    return name in BulkForm.base_fields or name.startswith("attributes_")


def _apply(request: HttpRequest, choice: Selection, form: BulkForm) -> HttpResponse:
    try:
        moves, change = _change(choice, form, cast("User", request.user))
    except ValidationError as error:
        form.add_error(None, error)
        return _form(request, choice, form)
    num_changed = len(curation_bulk_edit.changed_ids(moves))
    back = way_back(request)
    sentence = ngettext("%(n)d image is changed.", "%(n)d images are changed.", num_changed) % {"n": num_changed}
    say_done(request, sentence, change, code="edited", back=back)
    return redirect(back)


def _change(choice: Selection, form: BulkForm, user: User) -> tuple[curation_bulk_edit.Moves, Change | None]:
    """Make the edit and remember how it is undone.

    Raises
    ------
    ValidationError : it would take images from everybody's sight by now; nothing is changed
    """
    name = form.cleaned_data["add_collection"]
    with logged_at_end():
        if name:
            lock_rows(Image.objects.all(), choice.ids)  # before the collection, see `gallery.views.curate`
        add_to = collection_named(name, user) if name else None  # in here: an edit that fails leaves no empty one
        moves = curation_bulk_edit.apply(choice.ids, form.edit(add_to), user)
        # Once more, now that the images are locked: others may have taken them out of the places that showed them.
        if problem := _sight_problem(moves, form):
            raise ValidationError(problem, code="out_of_sight")
        return moves, remember(user, Action.EDIT, curation_bulk_edit.as_state(moves)) if moves else None


def _known_collection(form: BulkForm) -> Collection | None:
    name = form.cleaned_data["add_collection"]
    return Collection.objects.filter(name=name).first() if name else None


def _sight_problem(moves: curation_bulk_edit.Moves, form: BulkForm) -> str:
    """Return why the edit would take images from everybody's sight; empty: it would not."""
    lost = curation_bulk_edit.out_of_sight(moves)
    # A collection that will be made will show them.
    if not lost or (form.cleaned_data["add_collection"] and _known_collection(form) is None):
        return ""
    return ngettext(
        "%(n)d image would be in no collection and not in the common library: only admins would see it. Add it to a"
        " collection as well, or move it to the trash instead.",
        "%(n)d images would be in no collection and not in the common library: only admins would see them. Add them to"
        " a collection as well, or move them to the trash instead.",
        len(lost),
    ) % {"n": len(lost)}


def _choice_context(request: HttpRequest, choice: Selection) -> dict[str, Any]:
    return {"choice": choice, "num_images": len(choice.ids), "back": way_back(request)}
