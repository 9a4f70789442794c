"""The map of the library: a page that scripts draw, its twin as a list, and what it says while none is drawn."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from gallery.models import Collection, Image, Tag
from gallery.people.permissions import permissions_of, requires
from gallery.people.roles import Role
from search.background import tasks
from search.features import registry
from search.generations.visibility import closed_images
from search.map import opened
from search.map.building import MIN_IMAGES
from search.map.files import LibraryMap
from search.map.points import MAX_POINTS, walk
from search.map.state import MapState
from search.methods import METHODS
from search.presentation import method_looks
from search.views.map_form import MapForm, map_images

PAGE_SIZE = 60
GALLERY_LINK_IMAGES = 300
"""Most images that a link to the gallery names: addresses must not get longer than servers take."""


@require_safe
def library_map(request: HttpRequest) -> HttpResponse:
    """Show the map, its twin as a list, or why there is none yet."""
    drawn = opened.drawn_methods()
    form = MapForm(request.GET, viewer=request.user)
    chosen = form.chosen(drawn)
    found = opened.current_map(chosen["method"])
    context = {
        "form": form,
        "chosen": chosen,
        "methods": _method_choices(drawn),
        "collections": list(Collection.objects.visible_to(request.user)),
        "look": method_looks().get(chosen["method"]),
    }
    if found is None:
        context |= _absence(request, chosen["method"])
        return render(request, "map/absent.html", context)
    context |= _facts(found) | {"sees_all": closed_images(request.user) is None}
    if chosen["view"] == "list":
        return render(request, "map/list.html", context | _list_page(request, found, chosen))
    context |= {"gallery_link_images": GALLERY_LINK_IMAGES}
    if permissions_of(request.user).may_somewhere(Role.CURATOR):
        context |= {
            "all_collections": list(Collection.objects.with_role(request.user, Role.CONTRIBUTOR)),
            "all_tags": list(Tag.objects.visible_to(request.user)),
        }
    return render(request, "map/map.html", context)


@require_safe
def state(request: HttpRequest) -> HttpResponse:
    """Show how far the drawing is; the page is loaded again once there is a map."""
    method = request.GET.get("method", "")
    drawn = opened.drawn_methods()
    if opened.current_map(method or (drawn[0] if drawn else "")) is not None:
        refresh: HttpResponse = HttpResponseClientRefresh()
        return refresh
    context = {"look": method_looks().get(method), "chosen": {"method": method}}
    return render(request, "map/_absence.html", context | _absence(request, method))


@require_POST
@requires(Role.CURATOR, somewhere=False)
def draw(request: HttpRequest) -> HttpResponse:
    """Have a method's map drawn, of all images."""
    method = request.POST.get("method", "")
    # A name that is none would make the drawing of all maps fail.
    if tasks.enqueue_maps(method if method in METHODS else ""):
        messages.info(
            request, _("The map is being drawn; this page shows it as soon as it is ready."), extra_tags="draws"
        )
    else:
        sentence = _("The queue cannot be reached, so nothing was started; see what is down.")
        messages.error(request, sentence, extra_tags="queue_unreachable")
    return redirect(f"{reverse('search:map')}?{urlencode({'method': method})}" if method else "search:map")


def _method_choices(drawn: list[str]) -> list[dict[str, Any]]:
    """Return the methods that have a map, and those that could have one."""
    possible = [name for name, method in registry.methods().items() if not method.reranks]
    unavailable = registry.unavailable_methods()
    others = [name for name in possible if name not in drawn and name not in unavailable]
    looks = method_looks()
    return [{"look": looks[name], "drawn": name in drawn} for name in (*drawn, *others)]


def _absence(request: HttpRequest, method: str) -> dict[str, Any]:
    """Return why there is no map, and what can be done."""
    now: MapState = opened.current_state()
    return {
        "state": now,
        "error": now.error,
        "percent": round(100 * now.share),
        "unavailable": str(registry.unavailable_methods().get(method, "")),
        "few": map_images(request.user, None).count() < MIN_IMAGES,
        "least": MIN_IMAGES,
        "sees_all": closed_images(request.user) is None,
        "others_drawn": bool(opened.drawn_methods()),
    }


def _facts(found: LibraryMap) -> dict[str, Any]:
    """Return what is said of a map."""
    return {
        "facts": found.facts,
        "plane_percent": round(100 * found.facts.plane),
        "max_points": MAX_POINTS,
        "state": opened.current_state(),
    }


def _list_page(request: HttpRequest, found: LibraryMap, chosen: dict[str, Any]) -> dict[str, Any]:
    """Return the images of one page of the list: those that the walk over the map meets after an image."""
    ids = walk(found, chosen["projection"], map_images(request.user, chosen["collection"]))
    passed = np.flatnonzero(ids == chosen["after"])
    # The image itself marks the place: numbers of pages would shift with every upload.
    first = int(passed[0]) + 1 if len(passed) else 0
    shown = ids[first : first + PAGE_SIZE].tolist()
    images = Image.objects.visible_to(request.user).in_bulk(shown)
    rest = request.GET.copy()
    rest["after"] = str(shown[-1]) if shown else ""
    start = request.GET.copy()
    start.pop("after", None)
    return {
        "images": [images[pk] for pk in shown if pk in images],
        "num_images": len(ids),
        "first": first + 1,
        "last": first + len(shown),
        "more_url": f"?{rest.urlencode()}" if first + len(shown) < len(ids) else "",
        "start_url": f"?{start.urlencode()}" if first else "",
    }
