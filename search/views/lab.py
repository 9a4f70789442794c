"""The Lab page: measurements side by side, and starting another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gallery.forms import read_id
from gallery.models import Collection
from gallery.people.permissions import require, requires
from gallery.people.roles import Role
from jobs.rows import ACTIVE, JobState
from search.evaluation import runs
from search.forms import EvaluationForm
from search.generations.visibility import findings_for
from search.models import Evaluation
from search.views.background import Phase, Work, progress_of
from search.views.lab_charts import precision_chart, reliability_chart, trend_chart
from search.views.lab_tables import figure_columns, figure_rows, heat_table, index_rows, threshold_rows
from search.views.lab_words import KIND_SENTENCES, KINDS, PHASES, RankingLook, figure_words, look_of
from search.wording import number

HISTORY_SIZE = 30
TREND_SIZE = 30


@dataclass(frozen=True, slots=True)
class Past:
    """One line of the history."""

    run: Evaluation
    kind: str
    figure: str  # the name of the figure that counts most
    best: tuple[RankingLook, str] | None  # the best method by it
    fused: str  # the default fusion's


@require_safe
def lab(request: HttpRequest) -> HttpResponse:
    """Show one measurement, another beside it if asked, and the list of all."""
    run, beside = _asked(request, "run"), _asked(request, "beside")
    kept = findings_for(Evaluation.objects.defer("document"), request.user)
    newest = kept.filter(state=JobState.READY).order_by("-heartbeat_at").first()
    if run is None and newest is not None:
        run = Evaluation.objects.get(pk=newest.pk)
    # A measurement beside itself shows nothing but dashes.
    if beside is not None and run is not None and beside.pk == run.pk:
        beside = None
    context = {
        "run": run,
        "beside": beside,
        "form": EvaluationForm(
            label_suffix="",
            initial={"kind": run and run.kind, "collection": run and run.collection_id},
            viewer=request.user,
        ),
        "kinds": [(kind, label, KIND_SENTENCES[kind]) for kind, label in KINDS.items()],
        **_progress(request),
        **_history(request, run, beside),
    }
    if run is not None:
        context |= _findings(run, beside) | {"trend": _trend(kept, run)}
    return render(request, "lab/lab.html", context)


@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """Tell how far the measurements are that the page watches; when one ended, send the page to what it found."""
    watched = [read_id(text) for text in request.GET.get("watched", "").split(",")]
    kept = findings_for(Evaluation.objects.defer("document"), request.user)
    ended = kept.filter(pk__in=watched).exclude(state__in=ACTIVE).first()
    if ended is not None:
        response = HttpResponse()
        ready = f"?run={ended.pk}" if ended.state == JobState.READY else ""
        # The whole page: charts and tables elsewhere on it changed as well.
        response["HX-Redirect"] = reverse("search:lab") + ready
        return response
    return render(request, "lab/_progress.html", _progress(request))


@require_POST
@requires(Role.CURATOR)
def start(request: HttpRequest) -> HttpResponse:
    """Measure in the background: a collection, for its curators, or all images, for curators of the site."""
    form = EvaluationForm(request.POST, viewer=request.user)
    if not form.is_valid():
        for problem in form.problems():
            messages.error(request, problem)
        return redirect("search:lab")
    found = form.cleaned_data
    # Not a lock: two at the same moment measure twice, which costs time and harms nothing.
    same = Evaluation.objects.filter(kind=found["kind"], collection=found["collection"], state__in=ACTIVE)
    if same.exists():
        messages.info(request, _("This is being measured already."), extra_tags="measured_already")
        return redirect("search:lab")
    run = runs.ask(found["kind"], found["collection"], found["queries"], request.user)
    if not runs.evaluation.send(run.pk):
        sentence = _("The queue cannot be reached now; the measurement starts by itself when it is back.")
        messages.warning(request, sentence, extra_tags="queue_unreachable")
    return redirect("search:lab")


@require_POST
@requires(Role.CURATOR)
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a measurement, as those who may start it."""
    if runs.evaluation.stop(_startable(request, pk).pk):
        messages.info(request, _("The measurement is stopped; nothing of it is kept."), extra_tags="stopped")
    else:
        messages.info(request, _("The measurement had ended already."), extra_tags="ended_already")
    return redirect("search:lab")


@require_POST
@requires(Role.CURATOR)
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Measure once more what failed or was stopped, as those who may start it."""
    if not runs.evaluation.retry(_startable(request, pk).pk):
        messages.info(request, _("This measurement waits, runs or is done already."), extra_tags="not_to_retry")
    return redirect("search:lab")


def _startable(request: HttpRequest, pk: int) -> Evaluation:
    """Return a measurement that the person may start and stop; others are refused."""
    run = get_object_or_404(findings_for(Evaluation.objects.defer("document"), request.user), pk=pk)
    curated = Collection.objects.with_role(request.user, Role.CURATOR)
    # Also those about a collection that is gone: nobody is its curator any more.
    if run.collection_id is None or not curated.filter(pk=run.collection_id).exists():
        require(request.user, Role.CURATOR)
    return run


def _asked(request: HttpRequest, name: str) -> Evaluation | None:
    """Return the measurement that the address names; one that was never completed is a 404."""
    number = request.GET.get(name, "")
    if not number:
        return None
    kept = findings_for(Evaluation.objects.all(), request.user)
    run = kept.filter(pk=read_id(number), state=JobState.READY).first()
    if run is None:
        raise Http404(_("There is no measurement of this number; choose one from the list on the Lab page."))
    return run


def _findings(run: Evaluation, beside: Evaluation | None) -> dict[str, Any]:
    """Return what the page shows of one measurement."""
    document = run.document
    looks, recalls = heat_table(document, "recall_at_1")
    comparable = beside is not None and beside.kind == run.kind
    return {
        "kind": KINDS.get(run.kind, run.kind),
        "sentence": KIND_SENTENCES.get(run.kind, ""),
        "beside_kind": KINDS.get(beside.kind, beside.kind) if beside else "",
        "comparable": comparable,
        "differing": beside is not None and beside.collection_name != run.collection_name,
        "left_out": ", ".join(look_of("methods", name).label for name in document.get("left_out", ())),
        "columns": figure_columns(document),
        "figures": figure_rows(document, beside.document if beside and comparable else None),
        "curves": precision_chart(document),
        "reliability": reliability_chart(document),
        "thresholds": threshold_rows(document),
        "heat_looks": looks,
        "recalls": recalls,
        "maps": heat_table(document, "map")[1],
        "index": index_rows(document),
        "figure": figure_words()[run.summary["figure"]],
    }


def _trend(kept: QuerySet[Evaluation], run: Evaluation) -> Any:
    """Return the course of the main figure over measurements of the same kind and collection; None of a single one."""
    rows = kept.filter(state=JobState.READY, kind=run.kind, collection_name=run.collection_name)
    points = []
    for row in reversed(rows.order_by("-pk")[:TREND_SIZE]):
        figures = {f"methods-{name}": value for name, value in row.summary["methods"].items()}
        figures |= {f"fused-{name}": value for name, value in row.summary["fused"].items() if name == "default"}
        when = formats.date_format(timezone.localtime(row.created_at), "SHORT_DATETIME_FORMAT")
        points.append((when, figures))
    return trend_chart(points) if len(points) > 1 else None


def _history(request: HttpRequest, run: Evaluation | None, beside: Evaluation | None) -> dict[str, Any]:
    """Return a page of all measurements, newest first."""
    kept = findings_for(Evaluation.objects.defer("document"), request.user)
    rows = kept.select_related("asked_by").exclude(state__in=ACTIVE)
    if before := read_id(request.GET.get("before", "")):
        rows = rows.filter(pk__lt=before)
    # One more than is shown tells whether there are older ones.
    found = list(rows[: HISTORY_SIZE + 1])
    parameters = request.GET.copy()
    if len(found) > HISTORY_SIZE:
        parameters["before"] = str(found[HISTORY_SIZE - 1].pk)
    return {
        "history": [_past(row) for row in found[:HISTORY_SIZE]],
        "older_url": f"?{parameters.urlencode()}#history" if len(found) > HISTORY_SIZE else "",
        "is_older": bool(before),
    }


def _past(run: Evaluation) -> Past:
    kind = str(KINDS.get(run.kind, run.kind))
    if run.state != JobState.READY:
        return Past(run, kind, "", None, "")
    methods, fused = run.summary["methods"], run.summary["fused"].get("default")
    name = max(methods, key=lambda each: methods[each], default=None)
    best = None if name is None else (look_of("methods", name), number(methods[name], 3))
    shown = "–" if fused is None else number(fused, 3)
    return Past(run, kind, figure_words()[run.summary["figure"]].label, best, shown)


def _progress(request: HttpRequest) -> dict[str, Any]:
    """Return what waits and runs."""
    kept = findings_for(Evaluation.objects.defer("document"), request.user)
    active = kept.filter(state__in=ACTIVE).order_by("pk")
    return progress_of([_work(run) for run in active])


def _work(run: Evaluation) -> Work:
    label = str(PHASES.get(run.phase, ""))
    phase = Phase(label, run.num_done, run.num_total) if label else None
    return Work(run, str(KINDS.get(run.kind, run.kind)), phase, reverse("search:lab_stop", args=[run.pk]))
