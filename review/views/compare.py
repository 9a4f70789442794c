"""The pair inspector: two images, what every method says of them, and what a worker found by looking closely."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Prefetch
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gallery.models import Collection, Image
from gallery.refusals import sends_a_file
from gallery.storage.blobs import BlobAbsentError
from gallery.storage.comparison_maps import open_map
from jobs.rows import JobState
from review.comparing import jobs, rows
from review.models import Comparison
from review.verdicts.toolbar import toolbar_of
from review.views import compare_charts as charts
from review.views.compare_facts import make_facts
from review.views.compare_places import PlaceLook, make_places
from review.views.compare_table import Table, make_table
from search.exceptions import SearchError
from search.public.health import look_at_queues
from search.public.pairs import score_pair
from search.public.searching import SearchRequest, read_request, weights_of
from search.public.weights import site_weights

NOT_A_SEARCH = ("image", "query", "k", "view", "areas", "places", "seen")
"""Parameters of the search page, and of this one's parts, that say nothing of how two images are compared."""


@dataclass(frozen=True)  # no slots: a cached property needs a place to be kept
class Asked:
    """The pair that an address asks for, and the search whose weights, threshold and collection count."""

    first: Image
    second: Image
    search: SearchRequest
    problems: list[str]

    @cached_property
    def weights(self) -> dict[str, float]:
        return weights_of(self.search)

    def make_places(self) -> list[PlaceLook]:
        return make_places(self.first, self.second, replace(self.search, weights=self.weights))


@require_safe
def compare(request: HttpRequest, first: int, second: int) -> HttpResponse:
    """Show two images beside each other, what is known of them, and the verdict buttons."""
    asked = _asked(request, first, second)
    status = 400 if asked.problems else 200
    context = _closely(request, asked, jobs.wanted(asked.first.sha256, asked.second.sha256))
    context |= {
        "facts": make_facts(asked.first, asked.second),
        "toolbar": toolbar_of(request.user, asked.first, asked.second),
        "weights": request.GET.urlencode(),
        "next": request.get_full_path(),
        "problems": asked.problems,
        "places": asked.make_places() if request.GET.get("places") == "on" else [],
    }
    return render(request, "review/compare.html", context, status=status)


@require_safe
def closely(request: HttpRequest, first: int, second: int) -> HttpResponse:
    """Answer the waiting page: what was found, or nothing while nothing has changed."""
    asked = _asked(request, first, second)
    context = _closely(request, asked, jobs.wanted(asked.first.sha256, asked.second.sha256))
    # Nothing new: 204 lets htmx leave the page as it is, focus and scroll position included.
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return render(request, "review/_closely.html", context)


@require_safe
def places(request: HttpRequest, first: int, second: int) -> HttpResponse:
    """Say where each image stands among the answers to the other, and why it was not found."""
    asked = _asked(request, first, second)
    return render(request, "review/_compare_places.html", {"places": asked.make_places()})


@require_POST
def again(request: HttpRequest, first: int, second: int) -> HttpResponse:
    """Look at a pair once more after it failed."""
    asked = _asked(request, first, second)
    row = jobs.wanted(asked.first.sha256, asked.second.sha256)
    jobs.again(row)
    return redirect(reverse("review:compare", args=[first, second]) + _tail(request))


@require_safe
@sends_a_file
def difference(request: HttpRequest, first: int, second: int, kind: str) -> HttpResponseBase:
    """Send a map of the differences to those who may see both images."""
    pair = _pair(request, first, second)
    row = rows.find(pair[0].sha256, pair[1].sha256)
    if row is None or kind not in rows.kinds_of(row):
        raise Http404(_("There is no such map of this pair; open the comparison to have it drawn."))
    try:
        file = open_map(row.pk, kind)
    except BlobAbsentError as error:
        raise Http404(_("This map is gone; open the comparison to have it drawn again.")) from error
    response = FileResponse(file, content_type="image/webp")
    response["Cache-Control"] = "private, max-age=86400, immutable"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _pair(request: HttpRequest, first: int, second: int) -> tuple[Image, Image]:
    """Return two images that this person may see, in this order, with what the page tells of them."""
    if first == second:
        raise Http404(_("A comparison needs two images; both are number %(id)d.") % {"id": first})
    collections = Prefetch("collections", Collection.objects.visible_to(request.user))
    visible = Image.objects.visible_to(request.user).filter(pk__in=(first, second)).select_related("uploaded_by")
    found = {image.pk: image for image in visible.prefetch_related(collections, "tags", "attributes")}
    if len(found) < 2:
        raise Http404(_("These images cannot be compared: one of them was removed, or you may not see it."))
    return found[first], found[second]


def _asked(request: HttpRequest, first: int, second: int) -> Asked:
    """Return what the address asks for; weights that cannot be used are those of the site instead."""
    pair = _pair(request, first, second)
    search, problems = read_request(request.GET, request.user)
    return Asked(*pair, search, problems)


def _table(asked: Asked, row: Comparison) -> Table:
    """Return what the methods say; a search without any weight is judged by the weights of the site."""
    pair, within = (asked.first.pk, asked.second.pk), asked.search.collection_id
    try:
        score = score_pair(*pair, asked.weights, collection_id=within)
    except SearchError as error:
        asked.problems.append(str(error))
        score = score_pair(*pair, site_weights(), collection_id=within)
    return make_table(score, row.document)


def _closely(request: HttpRequest, asked: Asked, row: Comparison) -> dict[str, Any]:
    """Return what the parts show that change when the worker is done."""
    obstacle = _obstacle() if row.state == JobState.WAITING else ""
    context: dict[str, Any] = {
        "first": asked.first,
        "second": asked.second,
        "table": _table(asked, row),
        "tail": _tail(request),
        "state": row.state,
        "obstacle": obstacle,
        "seen": f"{row.state}-{obstacle}",
        "reason": row.error_sentence,
        "legend": charts.legend(),
    }
    if row.state != JobState.READY:
        return context
    document = row.document
    bands = charts.make_bands(document["histograms"])
    return context | {
        "row": row,
        "maps": _maps(asked, row),
        "keypoints": document["keypoints"],
        "matched_percent": max(1, round(100 * document["keypoints"].get("area", 0))),
        "stage_data": _stage_data(document["keypoints"]),
        "drawing": charts.draw_keypoints(document["keypoints"], asked.first, asked.second),
        "bands": bands,
        "overlaps": charts.overlap_sentence(reversed(bands)),
    }


def _maps(asked: Asked, row: Comparison) -> dict[str, dict[str, Any]]:
    """Return address and numbers of each map that there is."""
    found = {}
    for kind in rows.kinds_of(row):
        about = row.document["differences"][kind]
        address = reverse("review:compare_difference", args=[asked.first.pk, asked.second.pk, kind])
        percent = round(100 * about["overlap"])
        # Browsers keep a map for a day, so another comparison needs another address.
        found[kind] = {"url": f"{address}?v={row.pk}", "mean": about["mean"], "percent": percent}
    return found


def _stage_data(keypoints: dict[str, Any]) -> str:
    """Return what the stage's script needs to draw keypoints and to lay one image over the other, as JSON."""
    wanted = ("matrix", "points", "others", "polygon")
    return json.dumps({name: keypoints[name] for name in wanted if name in keypoints}, separators=(",", ":"))


def _obstacle() -> str:
    """Return what a waiting comparison lacks: "redis", a "worker", or nothing."""
    found = look_at_queues()
    if found.error:
        return "redis"
    return "" if found.named(settings.QUEUE_INTERACTIVE).num_workers else "worker"


def _tail(request: HttpRequest) -> str:
    """Return the part of the address that says how to compare, with its question mark."""
    parameters = request.GET.copy()
    for name in NOT_A_SEARCH:
        parameters.pop(name, None)
    return f"?{parameters.urlencode()}" if parameters else ""
