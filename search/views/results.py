"""The search page: the query, the weights, and every hit with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from gallery.models import Collection
from search.background import health
from search.exceptions import (
    ExamplesError,
    ImageNotFoundError,
    QueryError,
    RegionError,
    SearchError,
    UploadNotFoundError,
)
from search.forms import SearchForm
from search.generations.visibility import closed_images
from search.methods import WORDS
from search.presentation import method_looks
from search.query.answer import search
from search.query.request import MAX_RESULTS, PAGE_SIZE, SearchRequest, presets_of, weights_of
from search.query.subject import Subject, find_subject
from search.query.typed_words import MAX_CHARACTERS
from search.query.uploads import session_queries
from search.scoring.presets import Preset
from search.types import Answer
from search.views.cards import card_words, make_cards
from search.views.examples import (
    PARAMETERS,
    absent_sentences,
    adding_url,
    example_images,
    example_names,
    hidden_fields,
    make_looks,
)
from search.views.panel import make_sliders, preset_choices, weight_mix
from search.views.upload import progress_page, start_page
from search.wording import standard_detail, standard_sentence


@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """Show the answer to the search that the URL describes, or the start page when it describes none."""
    form = SearchForm(request.GET, viewer=request.user)
    valid = form.is_valid()
    # The page all the same, with what could be read of the address: people mend it there.
    status = 200 if valid else 400
    asked = form.request(session_queries(request.session))
    if not asked.wanted:
        return start_page(request, form.problems(), status)
    subject = _subject(asked)
    # Before anything is said of the rest of the address: it is all there when the query is described.
    if subject.is_plain and subject.query and not subject.is_ready:
        return progress_page(request, subject.query)
    presets = presets_of(asked)
    # Written out once, so that panel, search and links cannot differ.
    asked = replace(asked, weights=weights_of(asked, presets))
    context = _panel(request, form, asked, presets) | {"subject": subject}
    context |= {"looks": make_looks(request, asked, subject), "hidden_fields": hidden_fields(asked)}
    context |= _answer(request, form, asked, subject) if valid else {"problems": form.problems()}
    part = request.headers.get("HX-Request") == "true"
    template = "search/_answer.html" if part else "search/results.html"
    response = render(request, template, context, status=status)
    # The same address as a part and as a page: a browser going back must not show the part.
    patch_vary_headers(response, ["HX-Request"])
    return response


def _subject(asked: SearchRequest) -> Subject:
    """Return what the URL asks about; an image or query that is not there is a 404."""
    try:
        return find_subject(asked)
    except UploadNotFoundError as error:
        raise Http404(_("This uploaded query is gone: queries are kept for a day. Upload the image again.")) from error
    except ImageNotFoundError as error:
        raise Http404(_("No image of this number can be searched for; it may have been removed.")) from error


def _panel(
    request: HttpRequest, form: SearchForm, asked: SearchRequest, presets: Mapping[str, Preset]
) -> dict[str, Any]:
    weights, found = weights_of(asked), form.cleaned_data
    sliders = make_sliders(weights, words=asked.words or asked.unlike_words, example=asked.has_example)
    example = {name: request.GET.getlist(name) for name in (*PARAMETERS, "q", "unlike_q") if request.GET.get(name)}
    return {
        "reset_url": f"{reverse('search:results')}?{urlencode(example, doseq=True)}",
        "most_characters": MAX_CHARACTERS,
        "sliders": sliders,
        "mix": weight_mix(sliders),
        "presets": preset_choices(weights, presets),
        "lowest": asked.scores.lowest,
        "highest": asked.scores.highest,
        "collection": asked.collection,
        "collections": list(Collection.objects.visible_to(request.user)),
        "view": found.get("view") or "grid",
        "areas": found.get("areas") or "on",
        "order": "proof" if asked.leads_with_proof else "score",
        "order_asked": found.get("order", ""),
        "judged": found.get("judged") or "show",
    }


def _answer(request: HttpRequest, form: SearchForm, asked: SearchRequest, subject: Subject) -> dict[str, Any]:
    """Search, and return what the answer's template shows."""
    try:
        found = search(asked, subject)
    except (ExamplesError, RegionError) as error:  # which stay as they are
        return {"problems": [str(error)]}
    except QueryError as error:
        # Features may be there in a moment, so trying again is offered; other errors stay what they are.
        return {"problems": [str(error)], "again_url": request.get_full_path()}
    except SearchError as error:
        return {"problems": [str(error)]}
    answer = found.found
    kept = _kept_parameters(request)
    cards = make_cards(
        found.shown,
        found.images,
        with_motions=True,
        marks=found.badges,
        queried=subject.image,
        examples=example_images(subject),
        names=None if subject.is_plain else example_names(subject),
        kept=kept,
    )
    absent = {number: str(why) for number, why in answer.absent.items()}
    more = min(asked.num_results + PAGE_SIZE, MAX_RESULTS)
    return {
        "answer": answer,
        # An index looks at all images, though it brings up few of them.
        "num_compared": answer.num_candidates if answer.exact else answer.num_images,
        "cards": cards,
        "absent": absent_sentences(subject, absent),
        # The others answer meanwhile.
        "again_url": "" if subject.is_ready else request.get_full_path(),
        "like_url": adding_url(request, "like"),
        "unlike_url": adding_url(request, "unlike"),
        "num_areas": sum(card.motion is not None for card in cards),
        "words": card_words(),
        "standard": standard_sentence(answer.background, answer.similar_images, answer.borrowed),
        "standard_detail": standard_detail(answer.background, answer.borrowed),
        "missing": _missing(answer),
        "why_no_meaning": answer.missing_methods.get(WORDS) if answer.words else None,
        "mute": all(name in answer.missing_methods for name, weight in answer.weights.items() if weight),
        "num_waiting": health.num_features_waiting(closed_images(request.user)),
        "num_apart": len(found.apart),
        "num_outside": found.num_outside,
        "milliseconds": round(1000 * answer.seconds),
        "more": more,
        "more_url": _address(request, k=more) if found.has_more else "",
        "grid_url": _address(request, view="grid"),
        "list_url": _address(request, view="list"),
        "num_proven": sum(card.proof > 0 for card in cards),
        "order_url": _address(request, order="score" if asked.leads_with_proof else "proof"),
        "areas_url": _address(request, areas="on" if form.cleaned_data["areas"] == "off" else "off"),
        "similar_url": reverse("search:results") + "?image=",
        "similar_tail": f"&{kept}" if kept else "",
    }


def _missing(answer: Answer) -> dict[str, str]:
    """Return why some methods do not count in the answer, with the labels of those that share the reason."""
    looks, labels = method_looks(), dict[str, list[str]]()
    for name, why in answer.missing_methods.items():
        if answer.words and (name == WORDS or not answer.weights[name]):
            continue  # that pictures alone are compared by them needs no saying, and of words more is said
        labels.setdefault(str(why), []).append(looks[name].label)
    return {why: ", ".join(those) for why, those in labels.items()}


def _address(request: HttpRequest, **changes: Any) -> str:
    """Return this page's URL with some parameters changed."""
    parameters = request.GET.copy()
    for name, value in changes.items():
        parameters[name] = str(value)
    return f"{reverse('search:results')}?{parameters.urlencode()}"


def _kept_parameters(request: HttpRequest) -> str:
    """Return what links from a hit keep of the URL: all but what is searched for and the number of results."""
    parameters = request.GET.copy()
    for name in (*PARAMETERS, "q", "unlike_q", "k"):
        parameters.pop(name, None)
    return parameters.urlencode()
