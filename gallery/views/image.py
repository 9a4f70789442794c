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
from gallery.permissions import permissions_of
from gallery.roles import Role


@require_safe
def image(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an image; its neighbors are those of the gallery as it was filtered."""
    visible = Image.objects.visible_to(request.user).select_related("uploaded_by")
    known = Prefetch("collections", Collection.objects.visible_to(request.user))
    shown = get_object_or_404(visible.prefetch_related("tags", known), pk=pk)
    form = FilterForm(request.GET, viewer=request.user)
    among = form.images().only("pk")
    query = form.query()
    context: dict[str, Any] = {
        "image": shown,
        "newer": among.filter(pk__gt=pk).order_by("pk").first(),
        "older": among.filter(pk__lt=pk).order_by("-pk").first(),
        "suffix": f"?{urlencode(query)}" if query else "",
        "megapixels": shown.width * shown.height / 1e6,
    }
    if _may_curate(request, pk):
        context |= {
            "may_curate": True,
            "all_collections": Collection.objects.with_role(request.user, Role.CONTRIBUTOR),
            "all_tags": Tag.objects.visible_to(request.user),
        }
    return render(request, "gallery/image.html", context)


def _may_curate(request: HttpRequest, pk: int) -> bool:
    own = permissions_of(request.user)
    if own.sees_all or not own.may_somewhere(Role.CURATOR):
        return own.sees_all
    return Image.objects.with_role(request.user, Role.CURATOR).filter(pk=pk).exists()
