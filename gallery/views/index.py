"""The gallery: a grid of what passes the filters, newest first, in pages that begin after an image's number."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from gallery.forms import FilterForm, read_id
from gallery.models import Attribute, Collection, Image, ImageQuerySet, Tag

PAGE_SIZE = 60
MAX_NAMES = 500
"""Names of attributes that the filter suggests at most."""
AUTO_PAGES = 8
"""Pages that scrolling loads by itself; then people press "Load more", so that the footer can be reached."""


@require_safe
@vary_on_headers("HX-Request")
def index(request: HttpRequest) -> HttpResponse:
    """Show one page of the gallery, or to htmx only its tiles."""
    form = FilterForm(request.GET, viewer=request.user)
    images = form.images()
    before, part = (read_id(request.GET.get(name, "")) for name in ("before", "part"))
    context = tiles(images, form, before=before, part=part)
    if part and request.headers.get("HX-Request"):
        return render(request, "gallery/_tiles.html", context)
    shown = Image.objects.visible_to(request.user).filter(hidden=False)
    context |= {
        "form": form,
        "num_images": form.count(images),
        "all_collections": list(Collection.objects.visible_to(request.user)),
        "all_tags": list(Tag.objects.visible_to(request.user)),
        "attribute_names": Attribute.objects.visible_names(request.user)[:MAX_NAMES],
        "labels": shown.exclude(label="").order_by("label").values_list("label", flat=True).distinct(),
    }
    return render(request, "gallery/index.html", context)


def tiles(images: ImageQuerySet, form: FilterForm, *, before: int, part: int) -> dict[str, Any]:
    """Return what `_tiles.html` shows: one page of images, and the address of the next."""
    if before:
        images = images.filter(pk__lt=before)
    page = list(images.order_by("-pk")[: PAGE_SIZE + 1])
    query = form.query()
    more = {**query, "before": str(page[PAGE_SIZE - 1].pk)} if len(page) > PAGE_SIZE else None
    return {
        "images": page[:PAGE_SIZE],
        "suffix": f"?{urlencode(query)}" if query else "",
        "more": f"?{urlencode(more)}" if more else "",
        "part": part,
        "next_part": part + 1,
        "loads_itself": part + 1 < AUTO_PAGES,
    }
