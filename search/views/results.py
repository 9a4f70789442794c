"""The search page: the query, the weights, and every hit with its reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from gallery.models import Collection, Image
from search.background import health
from search.exceptions import QueryError, SearchError
from search.forms import MAX_RESULTS, PAGE_SIZE, SearchForm
from search.generations.visibility import closed_images
from search.models import Query, WorkState
from search.query import pipeline
from search.query.badges import badges_of
from search.types import Answer
from search.views.cards import card_words, make_cards, method_looks
from search.views.panel import make_sliders, preset_choices, weight_mix
from search.views.upload import own_queries, progress_page, start_page


@dataclass(frozen=True, slots=True)
class Subject:
    """What is searched for: a gallery image, or an uploaded query and the gallery image of the same bytes, if any."""

    source: Callable[[], pipeline.QuerySource]
    image: Image | None = None
    query: Query | None = None


@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """Show the answer to the search that the URL describes, or the start page when it describes none."""
    form = SearchForm(request.GET, viewer=request.user)
    valid = form.is_valid()
    subject = _subject(request, form)
    status = 200 if valid else 400
    if subject is None:
        return start_page(request, form.problems(), status)
    if subject.query and subject.query.state != WorkState.READY:
        return progress_page(request, subject.query)
    context = _panel(request, form, subject) | (
        _answer(request, form, subject) if valid else {"problems": form.problems()}
    )
    part = request.headers.get("HX-Request") == "true"
    template = "search/_answer.html" if part else "search/results.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _subject(request: HttpRequest, form: SearchForm) -> Subject | None:
    """Return what the URL asks about; an image or query that is not there is a 404."""
    if query_id := form.cleaned_data.get("query"):
        query = own_queries(request).defer("vectors").filter(pk=query_id).first()
        if query is None:
            raise Http404(_("This uploaded query is gone: queries are kept for a day. Upload the image again."))
        twin = Image.objects.visible_to(request.user).filter(sha256=query.sha256).first()
        return Subject(partial(pipeline.for_upload, query.pk), twin, query)
    if image_id := form.cleaned_data.get("image"):
        image = Image.objects.visible_to(request.user).filter(pk=image_id).first()
        if image is None:
            raise Http404(_("No image of this number can be searched for; it may have been removed."))
        return Subject(partial(pipeline.for_image, image.pk), image)
    return None


def _panel(request: HttpRequest, form: SearchForm, subject: Subject) -> dict[str, Any]:
    weights, found = form.weights(), form.cleaned_data
    sliders = make_sliders(weights)
    return {
        "subject": subject,
        "form": form,
        "sliders": sliders,
        "mix": weight_mix(sliders),
        "presets": preset_choices(weights, form.presets),
        "lowest": found.get("min"),
        "highest": found.get("max"),
        "collection": found.get("collection"),
        "collections": list(Collection.objects.visible_to(request.user)),
        "view": found.get("view") or "grid",
        "areas": found.get("areas") or "on",
        "judged": found.get("judged") or "show",
    }


def _answer(request: HttpRequest, form: SearchForm, subject: Subject) -> dict[str, Any]:
    """Search, and return what the answer's template shows."""
    found = form.cleaned_data
    k = found["k"] or PAGE_SIZE
    collection_id = found["collection"].pk if found["collection"] else None
    try:
        answer = pipeline.run_query(
            subject.source(),
            form.weights(),
            k=MAX_RESULTS,
            collection_id=collection_id,
            shown=k,
            viewer=request.user,
        )
    except QueryError as error:
        return {"problems": [str(error)], "again_url": request.get_full_path()}
    except SearchError as error:
        return {"problems": [str(error)]}
    within = _within(answer, found["min"], found["max"])
    shown = replace(within, results=within.results[:k])
    images = Image.objects.visible_to(request.user).in_bulk([result.image_id for result in shown.results])
    marks = badges_of(request.user, subject.image, images)
    apart = {image_id for image_id, those in marks.items() if any(mark.apart for mark in those)}
    if found["judged"] == "hide":
        images = {image_id: image for image_id, image in images.items() if image_id not in apart}
    cards = make_cards(shown, images, with_motions=True, marks=marks)
    more = min(k + PAGE_SIZE, MAX_RESULTS)
    return {
        "answer": answer,
        "num_compared": answer.num_candidates if answer.exact else answer.num_images,
        "cards": cards,
        "num_areas": sum(card.motion is not None for card in cards),
        "words": card_words(),
        "missing": _missing(answer),
        "mute": all(name in answer.missing_methods for name, weight in answer.weights.items() if weight),
        "num_waiting": health.num_features_waiting(closed_images(request.user)),
        "num_apart": len(apart),
        "num_outside": len(answer.results) - len(within.results),
        "milliseconds": round(1000 * answer.seconds),
        "more": more,
        "more_url": _address(request, k=more) if len(within.results) > k else "",
        "grid_url": _address(request, view="grid"),
        "list_url": _address(request, view="list"),
        "areas_url": _address(request, areas="on" if found["areas"] == "off" else "off"),
        "similar_url": reverse("search:results") + "?image=",
        "similar_tail": _similar_tail(request),
    }


def _missing(answer: Answer) -> dict[str, str]:
    """Return why some methods do not count in the answer, with the labels of those that share the reason."""
    looks, labels = method_looks(), dict[str, list[str]]()
    for name, why in answer.missing_methods.items():
        labels.setdefault(why, []).append(looks[name].label)
    return {why: ", ".join(those) for why, those in labels.items()}


def _within(answer: Answer, lowest: float | None, highest: float | None) -> Answer:
    """Keep the results whose score, as shown on the page, lies within the threshold."""
    floor, ceiling = lowest or 0, 100 if highest is None else highest
    return replace(answer, results=[r for r in answer.results if floor <= round(100 * r.score, 6) <= ceiling])


def _address(request: HttpRequest, **changes: Any) -> str:
    """Return this page's URL with some parameters changed."""
    parameters = request.GET.copy()
    for name, value in changes.items():
        parameters[name] = str(value)
    return f"{reverse('search:results')}?{parameters.urlencode()}"


def _similar_tail(request: HttpRequest) -> str:
    """Return what "more like this" keeps of the URL: all but the query itself and the number of results."""
    parameters = request.GET.copy()
    for name in ("image", "query", "k"):
        parameters.pop(name, None)
    return f"&{parameters.urlencode()}" if parameters else ""
