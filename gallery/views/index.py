"""The gallery: a grid of what passes the filters, newest first, in pages that begin after an image's number."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from gallery.forms import FilterForm, read_id
from gallery.keyset import cut
from gallery.models import Attribute, Collection, Image, ImageQuerySet, Tag

PAGE_SIZE = 60
MAX_NAMES = 500
"""Names of attributes that the filter suggests at most."""
AUTO_PAGES = 8
"""Pages that scrolling loads by itself; then people press "Load more", so that the footer can be reached."""


@require_safe
# One address, two answers: without it the Back button may show bare tiles from the browser's cache.
@vary_on_headers("HX-Request")
def index(request: HttpRequest) -> HttpResponse:
    """Show one page of the gallery, or to htmx only its tiles."""
    form = FilterForm(request.GET, viewer=request.user)
    images = form.images()
    before, part = (read_id(request.GET.get(name, "")) for name in ("before", "part"))
    if part and request.headers.get("HX-Request"):
        return render(request, "gallery/_tiles.html", tiles(page_before(images, before), form, part))
    page, num_images = form.newest(images, PAGE_SIZE + 1, before)
    shown = Image.objects.visible_to(request.user).filter(hidden=False)
    context = tiles(page, form, part) | {
        "form": form,
        "num_images": num_images,
        "all_collections": list(Collection.objects.visible_to(request.user)),
        "all_tags": list(Tag.objects.visible_to(request.user)),
        "attribute_names": Attribute.objects.visible_names(request.user)[:MAX_NAMES],
        "labels": shown.exclude(label="").order_by("label").values_list("label", flat=True).distinct(),
    }
    return render(request, "gallery/index.html", context)


def page_before(images: ImageQuerySet, before: int) -> list[Image]:
    """Return a page of images and one more, the newest of those before a number, 0: of all."""
    return list((images.filter(pk__lt=before) if before else images).order_by("-pk")[: PAGE_SIZE + 1])


def tiles(page: list[Image], form: FilterForm, part: int) -> dict[str, Any]:
    """Return what `_tiles.html` shows: one page of images, and the address of the next where there is one more."""
    query, shown = form.query(), cut(page, PAGE_SIZE)
    more = {**query, "before": str(shown.last.pk)} if shown.last else None
    return {
        "images": shown.rows,
        "suffix": f"?{urlencode(query)}" if query else "",
        "more": f"?{urlencode(more)}" if more else "",
        "part": part,
        "next_part": part + 1,
        "loads_itself": part + 1 < AUTO_PAGES,
    }
