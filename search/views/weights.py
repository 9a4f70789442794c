"""The page of weights: which count where a search names none, learning others, and deciding."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gallery.forms import read_id
from gallery.people.permissions import permissions_of, requires
from gallery.people.roles import Role
from jobs.rows import ACTIVE, JobState
from search.exceptions import SearchError
from search.features import registry
from search.forms import LearningForm
from search.generations.visibility import findings_for
from search.models import WeightAdoption, WeightSet
from search.presentation import make_mix
from search.views.background import Work, progress_of
from search.views.lab_words import KINDS
from search.views.weight_tables import (
    SOURCE_SENTENCES,
    decision_words,
    figure_rows,
    is_default,
    outdated_methods,
    phase_of,
    set_heads,
    source_label,
)
from search.weights import adopted, learning_job
from search.weights.training_data import source_names

HISTORY_SIZE = 20


@require_safe
def weights(request: HttpRequest) -> HttpResponse:
    """Show the weights in use, some learned ones with their figures, and what was learned and decided so far."""
    decision = adopted.decision_in_force()
    # Weights that were decided on may name methods that are gone since.
    site = adopted.fitting(decision.weights if decision else {})
    kept = _kept(request)
    shown = _asked(request) or kept.filter(state=JobState.READY).first()
    past = kept.exclude(state__in=ACTIVE).select_related("asked_by")[:HISTORY_SIZE]
    decisions = WeightAdoption.objects.select_related("weight_set", "decided_by")[:HISTORY_SIZE]
    context = {
        "decision": decision,
        "decided": decision_words(decision),
        "mix": make_mix(site),
        "is_default": is_default(site),
        "form": LearningForm(viewer=request.user),
        "sources": [(name, KINDS.get(name, name), SOURCE_SENTENCES.get(name, "")) for name in source_names()],
        "past": [(row, source_label(row.source)) for row in past],
        "decisions": [(row, decision_words(row), make_mix(adopted.fitting(row.weights))) for row in decisions],
        **_progress(request),
    }
    if shown is not None:
        context |= _findings(shown, decision)
    return render(request, "search/weights.html", context)


@require_safe
@requires(Role.CURATOR, somewhere=False)
def progress(request: HttpRequest) -> HttpResponse:
    """Tell how far the learning is; when some that the page watches ended, send the page to what came of it."""
    watched = [read_id(text) for text in request.GET.get("watched", "").split(",")]
    ended = _kept(request).filter(pk__in=watched).exclude(state__in=ACTIVE).first()
    if ended is not None:
        response = HttpResponse()
        ready = f"?set={ended.pk}" if ended.state == JobState.READY else ""
        response["HX-Redirect"] = reverse("search:weights") + ready
        return response
    return render(request, "search/_weights_progress.html", _progress(request))


@require_POST
@requires(Role.CURATOR, somewhere=False)
def learn(request: HttpRequest) -> HttpResponse:
    """Learn weights in the background."""
    form = LearningForm(request.POST, viewer=request.user)
    if not form.is_valid():
        for problem in form.problems():
            messages.error(request, problem)
        return redirect("search:weights")
    found = form.cleaned_data
    source = learning_job.SEPARATOR.join(found["sources"])
    # As with measurements no lock: the second would only take its time.
    if WeightSet.objects.filter(source=source, collection=found["collection"], state__in=ACTIVE).exists():
        messages.info(request, _("This is being learned already."), extra_tags="learned_already")
        return redirect("search:weights")
    row = learning_job.ask(found["sources"], found["collection"], request.user)
    if not learning_job.weight_set.send(row.pk):
        sentence = _("The queue cannot be reached now; learning starts by itself when it is back.")
        messages.warning(request, sentence, extra_tags="queue_unreachable")
    return redirect("search:weights")


@require_POST
@requires(Role.CURATOR, somewhere=False)
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Learn once more what failed or was stopped."""
    if not learning_job.weight_set.retry(get_object_or_404(_kept(request), pk=pk).pk):
        messages.info(
            request, _("These weights wait, are being learned or are ready already."), extra_tags="not_to_retry"
        )
    return redirect("search:weights")


@require_POST
@requires(Role.CURATOR, somewhere=False)
def use(request: HttpRequest, pk: int) -> HttpResponse:
    """Make learned weights those of the site."""
    row = get_object_or_404(_kept(request), pk=pk)
    try:
        adopted.adopt(row, request.user)
    except SearchError as error:
        messages.error(request, str(error), extra_tags=error.code)
    else:
        sentence = _("Searches that name no weights use these from now on. You can go back at any time.")
        messages.success(request, sentence, extra_tags="in_use_now")
    return redirect("search:weights")


@require_POST
@requires(Role.CURATOR, somewhere=False)
def reset(request: HttpRequest) -> HttpResponse:
    """Go back to the weights that the methods come with."""
    adopted.go_back(request.user)
    sentence = _("Searches that name no weights use those that the methods come with again.")
    messages.success(request, sentence, extra_tags="gone_back")
    return redirect("search:weights")


def _asked(request: HttpRequest) -> WeightSet | None:
    """Return the learned weights that the address names; such as were never learned are a 404."""
    asked = request.GET.get("set", "")
    if not asked:
        return None
    row = _kept(request).filter(pk=read_id(asked), state=JobState.READY).first()
    if row is None:
        raise Http404(_("There are no learned weights of this number; choose some from the list."))
    return row


def _kept(request: HttpRequest) -> QuerySet[WeightSet]:
    """Return the learned weights that may be looked at: by curators of the site only."""
    # Figures tell of images that others may not know of, and weights are the whole site's.
    if not permissions_of(request.user).may(Role.CURATOR):
        return WeightSet.objects.none()
    return findings_for(WeightSet.objects.all(), request.user)


def _findings(row: WeightSet, decision: WeightAdoption | None) -> dict[str, Any]:
    """Return what the page shows of learned weights."""
    return {
        "shown": row,
        "shown_source": source_label(row.source),
        "shown_mix": make_mix(row.weights),
        "heads": set_heads(row.figures),
        "rows": figure_rows(row.figures),
        "improves": learning_job.improves(row.figures),
        "in_force": decision is not None and decision.weight_set_id == row.pk,
        "outdated": outdated_methods(row, registry.current_versions()),
    }


def _progress(request: HttpRequest) -> dict[str, Any]:
    """Return what waits and what is being learned."""
    active = _kept(request).filter(state__in=ACTIVE).order_by("pk")
    return progress_of([Work(row, source_label(row.source), phase_of(row)) for row in active])
