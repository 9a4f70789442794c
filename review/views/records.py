"""Recorded searches: recording one, showing it as it was answered, running it again, exporting it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models.fields.json import KT
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gallery.audit_events import Action, log_act
from gallery.forms import read_text
from gallery.keyset import mark_of, page_after, read_mark
from gallery.models import Image
from gallery.people.permissions import permissions_of, requires
from gallery.people.roles import Role
from review.evidence import searches as evidence
from review.evidence.circumstances import circumstances
from review.evidence.files import csv_text, download, json_text, report_text
from review.evidence.record_search import answer_now, record_search
from review.evidence.replay import Shown, compare, show
from review.exceptions import RecordError
from review.models import SearchRecord
from review.views.exports import read_format
from search.exceptions import SearchError
from search.public.searching import session_queries

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PAGE_SIZE = 40
NEWEST_FIRST = ("-recorded_at", "-pk")


@require_safe
@login_required
@requires(Role.VIEWER)
def records(request: HttpRequest) -> HttpResponse:
    """List the searches that one recorded, newest first; admins see those of all."""
    user = cast("User", request.user)
    # A document holds every hit with its numbers; the list needs one hash of it, which the database takes out.
    listed = SearchRecord.objects.defer("document").annotate(query_sha256=KT("document__query__sha256"))
    if not permissions_of(user).sees_all:
        listed = listed.filter(author=user)
    page = page_after(listed, PAGE_SIZE, NEWEST_FIRST, _read_place(request.GET.get("before", "")))
    images = Image.objects.visible_to(user).filter(sha256__in=[each.query_sha256 for each in page.rows])
    by_hash = {image.sha256: image for image in images}
    context = {
        "rows": [(each, by_hash.get(each.query_sha256)) for each in page.rows],
        "more": f"?before={mark_of(page.last.recorded_at, page.last.pk.hex)}" if page.last else "",
    }
    return render(request, "review/records.html", context)


@require_POST
@login_required
@requires(Role.VIEWER)
def record_search_view(request: HttpRequest) -> HttpResponse:
    """Record the search whose address is sent, and show the record."""
    address, title = (read_text(request.POST.get(name, "")) for name in ("address", "title"))
    try:
        record = record_search(cast("User", request.user), address, session_queries(request.session), title)
    except (RecordError, SearchError) as error:
        messages.error(
            request, _("Nothing was recorded. %(why)s") % {"why": error}, extra_tags=f"not_recorded {error.code}"
        )
        return redirect(f"{reverse('search:results')}?{address}")
    text = _("This search is recorded as it was answered. Its address stays.")
    messages.success(request, text, extra_tags="recorded")
    return redirect("review:record", record.pk)


@require_safe
@login_required
@requires(Role.VIEWER)
def record(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a recorded search; with `again` in the address also what is different now."""
    shown = _shown(request, pk)
    context: dict[str, Any] = {"shown": shown, "record": shown.record, "asked": shown.record.document}
    context["hits"] = [(hit, shown.method_rows(hit)) for hit in shown.hits]
    context["facts"] = evidence.facts(shown)
    if "again" in request.GET:
        try:
            context["changes"] = compare(shown, answer_now(request.user, shown.record.document))
        except (RecordError, SearchError) as error:
            context |= {"problem": str(error), "problem_code": error.code}
    return render(request, "review/record.html", context)


@require_POST
@login_required
@requires(Role.VIEWER)
def export(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Send a recorded search as a file; the audit keeps that it was taken."""
    user, taken_at, shown = cast("User", request.user), timezone.now(), _shown(request, pk)
    kind, address = read_format(request), reverse("review:record", args=[pk])
    if kind is None:
        return redirect(address)
    with transaction.atomic():
        log_act(user, Action.EXPORT, f"search {pk}", format=kind, results=len(shown.hits))
    about = circumstances(user, request.build_absolute_uri(address), taken_at)
    if kind == "csv":
        return download("search", kind, csv_text(evidence.columns(), [evidence.rows(shown)]), taken_at)
    if kind == "json":
        head, results = evidence.document(shown, about)
        return download("search", kind, json_text(head, "results", [results]), taken_at)
    head, lines = evidence.report(shown, about)
    return download("search", kind, report_text(head, "review/_report_hits.html", lines, evidence.words), taken_at)


def _shown(request: HttpRequest, pk: uuid.UUID) -> Shown:
    """Return a record as this person may see it; one that is not for them is not there."""
    shown = show(get_object_or_404(SearchRecord, pk=pk), request.user)
    if shown is None:
        raise Http404(_("There is no recorded search of this address that you may see."))
    return shown


def _read_place(mark: str) -> tuple[datetime, uuid.UUID] | None:
    place = read_mark(mark)
    try:
        return (place[0], uuid.UUID(place[1])) if place else None
    except ValueError:
        return None
