"""The list of verdicts, newest first, and everything ever decided about one pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from gallery.people.permissions import requires
from gallery.people.roles import Role
from review.exceptions import VerdictError
from review.models import Verdict
from review.verdicts.forms import VerdictFilterForm
from review.verdicts.listing import MAX_SPLIT, entries, page_after, visible_verdicts
from review.verdicts.record import replaced, sorted_pair

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PAGE_SIZE = 50


@require_safe
@requires(Role.REVIEWER)
@vary_on_headers("HX-Request")
def verdicts(request: HttpRequest) -> HttpResponse:
    """Show one page of the verdicts, or to htmx only its rows."""
    user = cast("User", request.user)
    form = VerdictFilterForm(request.GET, user=user)
    rows, after = page_after(form.verdicts(), request.GET.get("before", ""), PAGE_SIZE)
    query = form.query()
    context: dict[str, Any] = {
        "entries": entries(user, rows),
        "more": f"?{urlencode({**query, 'before': after})}" if after else "",
        "split": set(form.contested),
    }
    if request.headers.get("HX-Request") and request.GET.get("before"):
        return render(request, "review/_verdict_rows.html", context)
    context |= {
        "form": form,
        "query": query,
        "num_split": len(form.contested),
        "most_split": MAX_SPLIT,
        "split_url": f"?{urlencode({'split': 'on'})}",
        "mine_url": f"?{urlencode({'author': user.get_username()})}",
    }
    return render(request, "review/verdicts.html", context)


@require_safe
@requires(Role.REVIEWER)
def pair(request: HttpRequest, first: str, second: str) -> HttpResponse:
    """Show every verdict ever made on a pair, or to htmx only the list of them."""
    user = cast("User", request.user)
    try:
        hashes = sorted_pair(first, second)
    except VerdictError as error:
        raise Http404(str(error)) from error
    made = visible_verdicts(user).filter(first_sha256=hashes[0], second_sha256=hashes[1])
    listed = list(made.annotate(is_replaced=replaced()).order_by("-decided_at", "-pk"))
    if not listed:
        raise Http404(_("There are no verdicts on these two images that you may see."))
    context = {"entries": entries(user, listed), "withdrawn": Verdict.Kind.WITHDRAWN.value}
    part = request.headers.get("HX-Request") == "true"
    return render(request, "review/_history.html" if part else "review/pair.html", context)
