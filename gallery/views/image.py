"""One image: large, with what is known of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from gallery.forms import FilterForm
from gallery.models import Collection, Image, Tag
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role

MAX_LISTED = 50
"""Names under which an image came again, and copies merged into it, that its page lists."""


@require_safe
def image(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an image; its neighbors are those of the gallery as it was filtered."""
    visible = Image.objects.visible_to(request.user).select_related("uploaded_by")
    known = Prefetch("collections", Collection.objects.visible_to(request.user))
    shown = visible.prefetch_related("tags", "attributes", known).filter(pk=pk).first()
    if shown is None:
        return _trashed(request, pk)
    form = FilterForm(request.GET, viewer=request.user)
    among = form.images().only("pk")
    query = form.query()
    context: dict[str, Any] = {
        "image": shown,
        "newer": among.filter(pk__gt=pk).order_by("pk").first(),
        "older": among.filter(pk__lt=pk).order_by("-pk").first(),
        "suffix": f"?{urlencode(query)}" if query else "",
        "megapixels": shown.width * shown.height / 1e6,
        "may_review": permissions_of(request.user).may_somewhere(Role.REVIEWER),
    }
    if _may_curate(request, pk):
        context |= {
            "may_curate": True,
            "all_collections": Collection.objects.with_role(request.user, Role.CONTRIBUTOR),
            "all_tags": Tag.objects.visible_to(request.user),
            "repeats": shown.repeats.select_related("uploaded_by")[:MAX_LISTED],
            "merged": shown.merged.in_trash_of(request.user)[:MAX_LISTED],
        }
    if permissions_of(request.user).may_somewhere(Role.CURATOR):
        curated = Collection.objects.with_role(request.user, Role.CURATOR).filter(images=pk)
        context["curated_collections"] = set(curated.values_list("pk", flat=True))
    return render(request, "gallery/image.html", context)


def _trashed(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an image in the trash to those who may take it out; to others it is not there."""
    trashed = Image.objects.in_trash_of(request.user).select_related("trashed_by")
    image = get_object_or_404(trashed, pk=pk)
    keeper = Image.objects.visible_to(request.user).filter(merged=image).first()
    return render(request, "gallery/trashed.html", {"image": image, "keeper": keeper})


def _may_curate(request: HttpRequest, pk: int) -> bool:
    own = permissions_of(request.user)
    if own.sees_all or not own.may_somewhere(Role.CURATOR):
        return own.sees_all
    return Image.objects.with_role(request.user, Role.CURATOR).filter(pk=pk).exists()
