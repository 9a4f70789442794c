"""How a request is answered that may not be: in words that say what is needed, and without losing what was typed.

A role may be withdrawn, or a log-in end, between opening a form and sending it. The answer repeats what people wrote in
it, so that they can copy it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

NOTICES = "#notices"
LONGEST_KEPT = 4000
MOST_KEPT = 40
OWN_FIELDS = ("csrfmiddlewaretoken", "next", "seen")
SECRETS = ("password", "code", "secret")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what this person may not do."""
    return _answer(request, str(exception) or _("Your role does not allow this."))


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form without the proof that it came from a page of ours: most likely that page is too old."""
    return _answer(
        request,
        _("The page was opened before you logged in or out, or your browser keeps no cookies. Open it again."),
    )


def _answer(request: HttpRequest, sentence: str) -> HttpResponse:
    status = HTTPStatus.FORBIDDEN
    if request.headers.get("HX-Request") == "true":
        response = render(request, "_refusal.html", {"sentence": sentence}, status=status)
        # The form stays on the page with all that was typed; only the notice above it changes.
        response["HX-Retarget"], response["HX-Reswap"] = NOTICES, "innerHTML"
        return response
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"error": "forbidden", "message": sentence}, status=status)
    return render(request, "403.html", {"exception": sentence, "kept": _kept(request)}, status=status)


def _kept(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the words that people typed into the form, by field; not secrets, and no numbers that pages send."""
    if request.method != "POST":
        return []
    typed = [
        {"name": name, "value": value[:LONGEST_KEPT]}
        for name, values in request.POST.lists()
        for value in map(str, values)
        if name not in OWN_FIELDS and not any(word in name for word in SECRETS) and _is_typed(value)
    ]
    return typed[:MOST_KEPT]


def _is_typed(value: str) -> bool:
    return bool(value.strip()) and not value.replace(",", "").replace(".", "").isdigit() and value not in ("on", "yes")
