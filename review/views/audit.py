"""The audit log for admins: what everybody did, whether anybody tampered with it, and an export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from gallery.audit_events import Action, log_act
from gallery.people.permissions import requires
from gallery.people.roles import Role
from jobs.rows import JobState
from review.audit import checks as audit_checks
from review.audit.chain import chain_end
from review.audit.listing import COLUMNS, AuditFilterForm, batches, page_after
from review.evidence.files import csv_text, download, json_text
from review.models import AuditCheck

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PAGE_SIZE = 50
NEWEST = 5
"""Checks read at once: one of them was done, unless many failed in a row."""
FORMATS = ("csv", "json")


@require_safe
@requires(Role.ADMIN, somewhere=False)
@vary_on_headers("HX-Request")
def audit(request: HttpRequest) -> HttpResponse:
    """Show one page of the audit, or to htmx only its rows."""
    form = AuditFilterForm(request.GET)
    lines, after = page_after(form.rows(), request.GET.get("before", ""), PAGE_SIZE)
    query = form.query()
    context: dict[str, Any] = {"lines": lines, "more": f"?{urlencode({**query, 'before': after})}" if after else ""}
    if request.headers.get("HX-Request") and request.GET.get("before"):
        return render(request, "review/_audit_rows.html", context)
    checks = list(AuditCheck.objects.all()[:NEWEST])
    newest = checks[0] if checks else None
    # The newest may wait, run or have failed; what holds is what the last one found that came to an end.
    done = next((check for check in checks if check.state == JobState.READY), None)
    if done is None and len(checks) == NEWEST:
        done = AuditCheck.objects.filter(state=JobState.READY).first()
    context |= {
        "form": form,
        "query": query,
        "end": chain_end(),
        "newest": newest,
        "check": done,
    }
    return render(request, "review/audit.html", context)


@require_POST
@requires(Role.ADMIN, somewhere=False)
def check(request: HttpRequest) -> HttpResponse:
    """Check the whole audit, now or as soon as a worker is free."""
    row = audit_checks.ask(cast("User", request.user))
    if row.has_ended:
        messages.error(request, row.error_sentence, extra_tags="not_checked")
    elif row.is_active:
        messages.info(request, _("The audit is checked in the background; look again in a minute."), extra_tags="later")
    elif row.num_faults:
        messages.error(request, _("The audit is not intact; see below."), extra_tags="faults")
    elif row.error_code:
        messages.warning(request, row.error_sentence, extra_tags=row.error_code)
    else:
        messages.success(request, _("The audit is intact."), extra_tags="no_fault")
    return redirect("review:audit")


@require_POST
@requires(Role.ADMIN, somewhere=False)
def export(request: HttpRequest) -> HttpResponseBase:
    """Send the rows that pass the filters; that they were taken is an act itself."""
    user, form, taken_at = cast("User", request.user), AuditFilterForm(request.POST), timezone.now()
    kind, rows = request.POST.get("format", ""), form.rows()
    address = f"{reverse('review:audit')}?{urlencode(form.query())}"
    if kind not in FORMATS or form.errors:
        text = _("Nothing was exported: expected one of the formats %(list)s, and filters that can be read.")
        messages.error(request, text % {"list": ", ".join(FORMATS)}, extra_tags="not_exported")
        return redirect(address)
    with transaction.atomic():
        end = chain_end()  # before the act: the export is not in itself
        log_act(user, Action.EXPORT, "audit", format=kind, filters=form.query(), until=end.number)
    rows = rows.filter(number__lte=end.number)
    if kind == "csv":
        return download("audit", "csv", csv_text(COLUMNS, _flat(batches(rows))), taken_at)
    about = {"taken_by": user.get_username(), "taken_at": taken_at.isoformat(), "head": str(end)}
    return download("audit", "json", json_text(about | {"filters": form.query()}, "rows", batches(rows)), taken_at)


def _flat(found: Iterator[list[dict[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
    """Put the details of each row into one cell, as JSON."""
    for batch in found:
        yield [row | {"details": json.dumps(row["details"], ensure_ascii=False)} for row in batch]
