"""One collection: its images, its settings, and its end."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from gallery.audit_events import logged_at_end
from gallery.batches import lock_rows
from gallery.curation import bulk_edit, visibility
from gallery.curation.bulk_edit import Edit
from gallery.curation.collection_forms import CollectionForm, DissolveForm
from gallery.curation.collections import change_collection, dissolve, only_here
from gallery.curation.optimistic_lock import write_seen
from gallery.forms import FilterForm, read_id
from gallery.models import Collection, Image, Tag
from gallery.people.permissions import permissions_of, requires
from gallery.people.roles import Role
from gallery.views.index import PAGE_SIZE, page_before, tiles

SHOWN_IN_QUESTION = 12


@require_safe
@vary_on_headers("HX-Request")
def collection(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a collection and one page of its images, or to htmx only their tiles."""
    shown = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    data = request.GET.copy()
    data["collection"] = str(pk)
    form = FilterForm(data, viewer=request.user)
    images = form.images()
    before, part = (read_id(request.GET.get(name, "")) for name in ("before", "part"))
    if part and request.headers.get("HX-Request"):
        return render(request, "gallery/_tiles.html", tiles(page_before(images, before), form, part))
    page, num_images = form.newest(images, PAGE_SIZE + 1, before)
    context: dict[str, Any] = tiles(page, form, part) | {
        "collection": shown,
        "form": form,
        "num_images": num_images,
        "may_edit": _curated(request).filter(pk=pk).exists(),
        "all_collections": Collection.objects.with_role(request.user, Role.CONTRIBUTOR),
        "all_tags": Tag.objects.visible_to(request.user),
        "may_add": Collection.objects.with_role(request.user, Role.CONTRIBUTOR).filter(pk=pk).exists(),
    }
    return render(request, "gallery/collection.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Role.CURATOR)
def collection_settings(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what can be set about a collection, or save its name, description and privacy."""
    shown = get_object_or_404(_curated(request), pk=pk)
    if request.method != "POST":
        return _settings(request, shown, CollectionForm(collection=shown))
    with transaction.atomic():
        # Asked again under the lock: somebody may have changed the collection, or the role, in the meantime.
        shown = get_object_or_404(_curated(request).select_for_update(), pk=pk)
        form = CollectionForm(request.POST, collection=shown)
        if not form.is_valid():
            return _settings(request, shown, form)
        if conflicts := form.conflicts():
            return _settings(request, shown, form, conflicts)
        change_collection(shown, form.values(), request.user)
    messages.success(request, _("The collection is saved."), extra_tags="saved")
    return redirect("gallery:collection_settings", pk)


def _settings(
    request: HttpRequest, shown: Collection, form: CollectionForm, conflicts: list[str] | None = None
) -> HttpResponse:
    context = {
        "collection": shown,
        "form": form,
        "conflicts": conflicts,
        "now": form.now,
        # After a conflict people have seen what stands now; after another mistake they have not.
        "seen": write_seen(form.now) if conflicts or not form.is_bound else request.POST.get("seen", ""),
        "num_only_here": only_here(shown).count(),
    }
    status = HTTPStatus.CONFLICT if conflicts else HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    return render(request, "gallery/collection_settings.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Role.CURATOR)
def dissolve_collection(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether to delete a collection, and what becomes of images that only it shows; then delete it."""
    shown = get_object_or_404(_curated(request), pk=pk)
    may_publish = permissions_of(request.user).may(Role.CONTRIBUTOR)
    form = DissolveForm(request.POST if request.method == "POST" else None, may_publish=may_publish)
    if request.method == "POST" and _is_dissolved(request, shown, form):
        sentence = _("The collection “%(name)s” is deleted.") % {"name": shown.name}
        messages.success(request, sentence, extra_tags="deleted")
        return redirect("gallery:collections")
    lonely = only_here(shown).order_by("-pk")
    context = {
        "collection": shown,
        "form": form,
        "num_images": shown.images.count(),
        "num_lonely": lonely.count(),
        "images": lonely[:SHOWN_IN_QUESTION],
    }
    status = HTTPStatus.BAD_REQUEST if request.method == "POST" else HTTPStatus.OK
    return render(request, "gallery/dissolve.html", context, status=status)


def _is_dissolved(request: HttpRequest, shown: Collection, form: DissolveForm) -> bool:
    """Delete a collection; False: the form does not say what becomes of images that only it shows."""
    with logged_at_end():
        # Looked up here and not before: images may have left other collections since the question was shown. Locked
        # first, or they might leave them now.
        lock_rows(Image.objects.all(), shown.images.filter(common=False, trashed_at=None).values_list("pk", flat=True))
        ids = list(only_here(shown).values_list("pk", flat=True))
        if ids and not form.is_valid():
            return False
        if ids and form.cleaned_data["images"] == "common":
            bulk_edit.apply(ids, Edit({"common": True}), request.user)
        elif ids:
            visibility.trash(ids, request.user)
        dissolve(shown, request.user)
    return True


def _curated(request: HttpRequest) -> Any:
    return Collection.objects.with_role(request.user, Role.CURATOR)
