"""The second factor, where the site demands it: admins get no further than their account until they have one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from gallery.people.permissions import permissions_of
from gallery.people.roles import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

OPEN_PREFIXES = ("/accounts/", "/static/", "/livez", "/readyz")


def is_demanded(user: User | AnonymousUser) -> bool:
    """Tell whether this person may do nothing without a second factor."""
    demanded = settings.SECOND_FACTOR == "admins" and user.is_authenticated
    return bool(demanded and permissions_of(user).may(Role.ADMIN))


def has_one(user: User | AnonymousUser) -> bool:
    """Tell whether this person has set up a second factor. One database query."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists())


class SecondFactorMiddleware:
    """Lead admins without a second factor to where they set one up, where SECOND_FACTOR demands it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # In this order: only admins cost the query of `has_one`, and only where it is demanded of them.
        if request.path.startswith(OPEN_PREFIXES) or not is_demanded(request.user) or has_one(request.user):
            return self.get_response(request)
        place = reverse("mfa_activate_totp")
        if request.headers.get("HX-Request"):
            response: HttpResponseBase = HttpResponseClientRedirect(place)
            return response
        message = _("Admins of this site need a second factor; set one up first.")
        if not request.accepts("text/html"):
            return JsonResponse({"error": "second_factor", "message": message}, status=403)
        messages.warning(request, message, extra_tags="second_factor")
        return redirect(place)
