"""Messages to people after an action, with a button that undoes it where it can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

if TYPE_CHECKING:
    from django.http import HttpRequest

    from gallery.models import Change


def way_back(request: HttpRequest, default: str = "") -> str:
    """Return the address of this site that a form names as `next`, or the default: that of the gallery."""
    back = request.POST.get("next") or request.GET.get("next") or ""
    # Django's check takes "page" as well, which would lead from the address that redirects.
    return back if back.startswith("/") and is_ours(request, back) else default or reverse("gallery:index")


def is_ours(request: HttpRequest, address: str) -> bool:
    """Tell whether an address that came with a request leads to this site: no other is to be redirected to."""
    return url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())


def say_done(request: HttpRequest, sentence: str, change: Change | None = None, *, code: str, back: str = "") -> None:
    """Tell that something was done, and its code; with a change, beside a button that undoes it and leads to `back`."""
    if change is None:
        messages.success(request, sentence, extra_tags=code)
        return
    context = {"sentence": sentence, "change": change, "back": back}
    messages.success(request, render_to_string("gallery/_undo.html", context, request), extra_tags=code)
