"""How a request is answered that may not or cannot be: in words that say what to do, without losing what was typed.

A role may be withdrawn, or a log-in end, between opening a form and sending it. The answer repeats what people wrote in
it, so that they can copy it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.storage.blobs import BlobAbsentError
from jobs.errors import sentence

NOTICES = "#notices"
LONGEST_KEPT = 4000
MOST_KEPT = 40
OWN_FIELDS = ("csrfmiddlewaretoken", "next", "seen")
SECRETS = ("password", "code", "secret")
OLD_PAGE = gettext_lazy(
    "The page was opened before you logged in or out, or your browser keeps no cookies. Open it again."
)
TRY_AGAIN_SECONDS = 60
Asked = ParamSpec("Asked")
logger = logging.getLogger(__name__)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what this person may not do."""
    return _answer(request, str(exception) or _("Your role does not allow this."))


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form without the proof that it came from a page of ours: most likely that page is too old."""
    return _answer(request, str(OLD_PAGE))


def sends_a_file(
    view: Callable[Concatenate[HttpRequest, Asked], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Asked], HttpResponseBase]:
    """Answer in the place of a view whose file cannot be opened: 404 where it is absent, 503 where it may be back."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: Asked.args, **kwargs: Asked.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except BlobAbsentError as error:
            raise Http404(sentence("file_absent")) from error
        except OSError:
            logger.exception("a file cannot be sent now")
            return _unreadable(request)

    return answer


def _unreadable(request: HttpRequest) -> HttpResponse:
    """Ask to come again; a page only for those who asked for one, and not for an image inside of a page."""
    code, status = "file_unreadable", HTTPStatus.SERVICE_UNAVAILABLE
    response: HttpResponse
    if "text/html" in request.headers.get("Accept", ""):
        response = render(request, "503.html", {"code": code, "sentence": sentence(code)}, status=status)
    else:
        response = JsonResponse({"error": code, "message": sentence(code)}, status=status)
    response["Retry-After"], response["Cache-Control"] = str(TRY_AGAIN_SECONDS), "no-store"
    return response


def _answer(request: HttpRequest, text: str) -> HttpResponse:
    status = HTTPStatus.FORBIDDEN
    if request.headers.get("HX-Request") == "true":
        response = render(request, "_refusal.html", {"sentence": text}, status=status)
        # The form stays on the page with all that was typed; only the notice above it changes.
        response["HX-Retarget"], response["HX-Reswap"] = NOTICES, "innerHTML"
        return response
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"error": "forbidden", "message": text}, status=status)
    return render(request, "403.html", {"exception": text, "kept": _kept(request)}, status=status)


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
