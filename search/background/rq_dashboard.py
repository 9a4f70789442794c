"""django-rq's dashboard of queues, workers and jobs inside the admin, for superusers."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django_rq.admin import QueueAdmin
from redis.exceptions import RedisError

View = Callable[..., HttpResponse]

# The dashboard's templates carry inline scripts, styles and handlers, for which it offers neither nonces nor hashes.
# They are allowed on its own pages and nowhere else.
INLINE = {"script-src": [SELF, UNSAFE_INLINE], "style-src": [SELF, UNSAFE_INLINE]}


class DashboardAdmin(QueueAdmin):  # type: ignore[misc]  # django-rq is not typed
    """The dashboard as it comes, with its own content policy, closed to other staff, and readable when Redis is down.

    Its pages can stop and delete any job, and django-rq asks for no more than the staff flag.
    """

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def get_urls(self) -> list[URLPattern]:
        return [
            URLPattern(found.pattern, self._guard(found.callback), found.default_args, found.name)
            # Around each view, as django-rq's own check lets every member of the staff in.
            for found in super().get_urls()
        ]

    def _guard(self, view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated and not request.user.is_superuser:
                raise PermissionDenied
            try:
                return view(request, *args, **kwargs)
            except RedisError as error:
                context = {**self.admin_site.each_context(request), "title": _("Queues"), "error": error}
                return TemplateResponse(request, "admin/django_rq/unreachable.html", context, status=503)

        relaxed: View = csp_update(INLINE)(guarded)
        return relaxed
