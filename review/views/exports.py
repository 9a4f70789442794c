"""Exporting verdicts as evidence: a file that is written while it is sent."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast, get_args
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from gallery.audit_events import Action, log_act
from gallery.people.permissions import requires
from gallery.people.roles import Role
from review.evidence import verdicts as evidence
from review.evidence.circumstances import circumstances
from review.evidence.files import Format, csv_text, download, json_text, report_text
from review.verdicts.forms import VerdictFilterForm
from review.verdicts.record import newest_number

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def read_format(request: HttpRequest) -> Format | None:
    """Return the format that is asked for; None, and a message, when there is no such format."""
    form = request.POST.get("format", "")
    if form in get_args(Format):
        return cast("Format", form)
    expected = ", ".join(get_args(Format))
    text = _("Nothing was exported: expected one of the formats %(list)s.") % {"list": expected}
    messages.error(request, text, extra_tags="not_exported")
    return None


@require_POST
@requires(Role.REVIEWER)
def verdicts(request: HttpRequest) -> HttpResponseBase:
    """Send the verdicts that pass the filters; the audit keeps that they were taken."""
    user, taken_at = cast("User", request.user), timezone.now()
    form, kind = VerdictFilterForm(request.POST, user=user), read_format(request)
    # Writing takes minutes; all batches read what held now, whoever decides meanwhile.
    until = newest_number()
    found, address = form.verdicts(until), reverse("review:verdicts")
    if kind is None or form.errors:
        return redirect(f"{address}?{urlencode(form.query())}")
    # Before the first byte goes out: a download that breaks off has taken something all the same.
    with transaction.atomic():
        log_act(user, Action.EXPORT, "verdicts", format=kind, filters=form.query(), verdicts=found.count())
    shown_at = f"{address}?{urlencode(form.query())}" if form.query() else address
    about = circumstances(user, request.build_absolute_uri(shown_at), taken_at) | {"filters": form.query()}
    if kind == "csv":
        rows = ([evidence.row(entry) for entry in batch] for batch in evidence.batches(user, found, until))
        return download("verdicts", kind, csv_text(evidence.columns(), rows), taken_at)
    if kind == "json":
        documents = ([evidence.document(entry) for entry in batch] for batch in evidence.batches(user, found, until))
        return download("verdicts", kind, json_text(about, "verdicts", documents), taken_at)
    text = report_text(_head(about), "review/_report_verdicts.html", evidence.lines(user, found, until), _words)
    return download("verdicts", kind, text, taken_at)


def _head(about: dict[str, Any]) -> dict[str, Any]:
    """Return what stands above a report of verdicts."""
    return {
        "title": _("Verdicts on pairs of images"),
        "facts": [*facts(about), (_("Filters"), urlencode(about["filters"]) or _("none: all verdicts that count"))],
    }


def facts(about: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the circumstances of a report as lines that people read."""
    pairs = partial(map, " ".join)
    return [
        (_("Taken by"), about["taken_by"]),
        (_("Taken at"), about["taken_at"]),
        (_("From"), about["address"]),
        (_("Index generation then"), str(about["generation"] or _("none"))),
        (_("Method versions then"), ", ".join(pairs(about["versions"].items()))),
        (_("Software"), ", ".join(pairs(item for item in about["software"].items() if item[1]))),
    ]


def _words(num_rows: int) -> str:
    words = ngettext("%(n)d verdict.", "%(n)d verdicts.", num_rows) % {"n": num_rows}
    if num_rows > evidence.PICTURED:
        words += " " + _("The first %(n)d are shown with pictures, the others without.") % {"n": evidence.PICTURED}
    return words
