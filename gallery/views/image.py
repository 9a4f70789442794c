"""One image: large, with what is known of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from gallery.forms import FilterForm
from gallery.models import Collection, Image, Tag


@require_safe
def image(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an image; its neighbors are those of the gallery as it was filtered."""
    visible = Image.objects.visible_to(request.user).select_related("uploaded_by")
    shown = get_object_or_404(visible.prefetch_related("tags", "collections"), pk=pk)
    form = FilterForm(request.GET, is_staff=request.user.is_staff)
    among = form.images().only("pk")
    query = form.query()
    context: dict[str, Any] = {
        "image": shown,
        "newer": among.filter(pk__gt=pk).order_by("pk").first(),
        "older": among.filter(pk__lt=pk).order_by("-pk").first(),
        "suffix": f"?{urlencode(query)}" if query else "",
        "megapixels": shown.width * shown.height / 1e6,
    }
    if request.user.is_staff:
        context |= {"all_collections": Collection.objects.all(), "all_tags": Tag.objects.all()}
    return render(request, "gallery/image.html", context)
