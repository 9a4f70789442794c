"""What the map's script asks for: points, small thumbnails, and the images of a selection."""

from __future__ import annotations

from hashlib import sha256
from http import HTTPStatus

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from gallery.forms import read_id
from gallery.models import Collection
from search.map import opened
from search.map.points import pack, pack_points, visible_points
from search.views.map_form import MapForm, map_images

MAX_IDS = 128
"""Images of one question; the script asks again for more."""
EXPECTED_IDS = gettext_lazy("Expected “ids”: 1 to %(most)d numbers of images, with commas between them.")
BINARY = "application/octet-stream"
KEEP_SECONDS = 3600


@require_safe
def points(request: HttpRequest) -> HttpResponseBase:
    """Send the points that this person may see, in the map's binary form."""
    chosen = MapForm(request.GET, viewer=request.user).chosen(opened.drawn_methods())
    found = opened.current_map(chosen["method"])
    if found is None:
        raise Http404(_("This map is not drawn yet."))
    images = map_images(request.user, chosen["collection"])
    known = Collection.objects.visible_to(request.user)
    body = pack_points(visible_points(found, chosen["projection"], images, chosen["color"], known))
    response = HttpResponse(body, content_type=BINARY)
    # Kept, but asked for each time: what a person may see can change at any moment.
    response["Cache-Control"] = "private, no-cache"
    return _conditional(request, response)


def _conditional(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    """Send nothing but "not modified" to a browser that has the same already."""
    # Of the bytes, not of the map: the same map shows each person other points.
    etag = f'"{sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    answer = get_conditional_response(request, etag, response=response)
    return response if answer is None else answer


@require_safe
def sprites(request: HttpRequest) -> HttpResponse:
    """Send the small thumbnails of those of the images asked for that this person may see."""
    ids = _ids(request)
    if not ids:
        return _wrong_ids()
    # Never by the ids alone: the file of thumbnails holds those of all images.
    visible = map_images(request.user, None).filter(pk__in=ids).values_list("pk", flat=True)
    found = opened.current_sprites().read(list(visible))
    head = {"sprites": [[image_id, len(data)] for image_id, data in found.items()]}
    response = HttpResponse(pack(head, found.values()), content_type=BINARY)
    response["Cache-Control"] = f"private, max-age={KEEP_SECONDS}"
    return response


@require_safe
def tiles(request: HttpRequest) -> HttpResponse:
    """Show the images asked for as tiles, in the order in which they are asked for."""
    ids = _ids(request)
    if not ids:
        return _wrong_ids()
    found = map_images(request.user, None).in_bulk(ids)
    return render(request, "map/_tiles.html", {"images": [found[pk] for pk in ids if pk in found]})


@require_safe
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one image as the map's card does."""
    known = Prefetch("collections", Collection.objects.visible_to(request.user))
    image = get_object_or_404(map_images(request.user, None).prefetch_related(known), pk=pk)
    return render(request, "map/_card.html", {"image": image})


def _ids(request: HttpRequest) -> list[int]:
    """Return the ids that the URL names; none when one cannot be read or there are too many."""
    # Cut off behind the most: an address of a million commas makes no million strings.
    texts = request.GET.get("ids", "").split(",", MAX_IDS)
    ids = [read_id(text) for text in texts]
    return list(dict.fromkeys(ids)) if all(ids) and len(ids) <= MAX_IDS else []


def _wrong_ids() -> HttpResponse:
    text = EXPECTED_IDS % {"most": MAX_IDS}
    return HttpResponse(text, status=HTTPStatus.BAD_REQUEST, content_type="text/plain")
