"""The way to the OpenID Connect provider."""

from __future__ import annotations

import logging

from allauth.account.internal.decorators import login_not_required
from allauth.socialaccount.providers.openid_connect import views
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from requests import RequestException

PROVIDER_ERRORS = (RequestException, KeyError, ValueError)
"""It cannot be reached, or what it says is not what OpenID Connect asks for."""
logger = logging.getLogger(__name__)


@login_not_required  # type: ignore[untyped-decorator]  # allauth is not typed
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send people to the provider, by a page of our own that goes on by itself.

    A form may not lead away from this site, also not by a redirect: its policy says `form-action 'self'`.
    """
    try:
        response: HttpResponse = views.login(request, provider_id)
    except PROVIDER_ERRORS:
        return _unreachable(request, provider_id)
    if response.status_code != 302 or request.method != "POST":
        return response
    return render(request, "socialaccount/login_redirect.html", {"redirect_to": response.headers["Location"]})


@login_not_required  # type: ignore[untyped-decorator]  # allauth is not typed
@never_cache
@require_safe
def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Let in whom the provider confirms."""
    try:
        response: HttpResponse = views.callback(request, provider_id)
    except PROVIDER_ERRORS:
        return _unreachable(request, provider_id)
    return response


def _unreachable(request: HttpRequest, provider_id: str) -> HttpResponse:
    logger.exception("the OpenID Connect provider %s does not answer as it should", provider_id)
    return render(request, "socialaccount/unreachable.html", status=502)
