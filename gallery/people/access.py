"""Who may use the pages: people who logged in, and visitors where the site is open to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import resolve_url
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from config.openness import is_loopback
from gallery.notices import is_ours
from gallery.people.permissions import permissions_of, welcomed
from gallery.people.roles import Role

# Django's admin asks for a log-in by itself; the others serve people who have not logged in.
PUBLIC_PREFIXES = ("/accounts/", "/admin/", "/livez", "/readyz", "/static/")
PROXY_HEADERS = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_FORWARDED",
    "HTTP_X_REAL_IP",
    "HTTP_X_ORIGINAL",
    "HTTP_X_ENVOY",
    "HTTP_X_CLIENT_IP",
    "HTTP_X_CLUSTER_CLIENT_IP",
    "HTTP_TRUE_CLIENT_IP",
    "HTTP_CF_",
    "HTTP_CDN_LOOP",
)
"""How the names of the headers begin that proxies and tunnels add; browsers send none of them."""


def may_browse(request: HttpRequest) -> bool:
    """Tell whether this person may browse, search and upload."""
    return request.user.is_authenticated or permissions_of(request.user).role is not None


def abilities(request: HttpRequest) -> dict[str, object]:
    """Tell the templates what this person may do: whether to browse at all, and `may.<ability>`, each somewhere."""
    if not hasattr(request, "user"):  # a request that failed before it was known who sends it
        return {"may_browse": False, "may": {}}
    # Lazy, because parts of pages seldom ask, and asking takes queries.
    return {"may_browse": may_browse(request), "may": SimpleLazyObject(lambda: _abilities(request))}


def _abilities(request: HttpRequest) -> dict[str, object]:
    own = permissions_of(request.user)
    return {
        "role": own.role.label if own.role else "",
        "contribute": own.may_somewhere(Role.CONTRIBUTOR),
        "make_collections": own.may(Role.CONTRIBUTOR),
        "review": own.may_somewhere(Role.REVIEWER),
        "curate": own.may_somewhere(Role.CURATOR),
        "curate_site": own.may(Role.CURATOR),
        "administer": own.sees_all,
    }


def comes_from_here(request: HttpRequest) -> bool:
    """Tell whether somebody at this machine sent a request, rather than a proxy here for somebody elsewhere."""
    # Empty behind a Unix socket, where nothing tells who connects: that is nobody at this machine.
    address = request.META.get("REMOTE_ADDR", "")
    return is_loopback(address) and not any(name.startswith(PROXY_HEADERS) for name in request.META)


class OpenAccessMiddleware:
    """Ask for a log-in on every page but the public ones, unless the site is open to who asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.OPEN_LOCALLY and comes_from_here(request):
            request.user = SimpleLazyObject(partial(welcomed, request.user))  # type: ignore[assignment]
        if request.path.startswith(PUBLIC_PREFIXES) or may_browse(request):
            return self.get_response(request)
        if request.headers.get("HX-Request"):  # a fragment: the whole page must go to the log-in, not its region
            response: HttpResponseBase = HttpResponseClientRedirect(resolve_url(settings.LOGIN_URL))
            return response
        if request.accepts("text/html"):
            return redirect_to_login(_address_to_return_to(request), settings.LOGIN_URL)
        message = _("Log in first: this site is not open to everybody.")
        return JsonResponse({"error": "log_in", "message": message}, status=401)


def _address_to_return_to(request: HttpRequest) -> str:
    """Return where a person goes on after the log-in: a form that was sent cannot be, so the page that it stood on."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    page = request.headers.get("Referer", "")
    if not is_ours(request, page):
        return "/"
    parts = urlsplit(page)
    return urlunsplit(("", "", parts.path, parts.query, ""))
