"""How a collection wants its pairs judged: a part of the collection's page."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from gallery.audit_events import Action, log_act
from gallery.models import Collection
from gallery.people.permissions import requires
from gallery.people.roles import Role
from review.models import Queue, ReviewPolicy

KEPT = gettext_lazy("Kept: queues that are made from now on follow it.")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Role.VIEWER)
@vary_on_headers("HX-Request")
def policy(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how a collection's pairs are judged to all who see it, and let its curators change that."""
    collection = get_object_or_404(Collection.objects.visible_to(request.user), pk=pk)
    may_change = Collection.objects.with_role(request.user, Role.CURATOR).filter(pk=pk).exists()
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied(
                _("This needs the role “%(role)s” in the collection “%(name)s”.")
                % {"role": Role.CURATOR.label, "name": collection}
            )
        _change(request, collection)
        if not request.headers.get("HX-Request"):
            messages.success(request, KEPT, extra_tags="kept")
            return redirect("review:policy", pk)
    context = {
        "collection": collection,
        "two_readers": ReviewPolicy.objects.filter(collection=collection, two_readers=True).exists(),
        "may_change": may_change,
        "may_read": Collection.objects.with_role(request.user, Role.REVIEWER).filter(pk=pk).exists(),
        "num_open": Queue.objects.filter(Queue.where_open(), collection=collection).count(),
        "said": KEPT if request.method == "POST" else "",
    }
    part = request.headers.get("HX-Request")
    return render(request, "review/_policy.html" if part else "review/policy.html", context)


def _change(request: HttpRequest, collection: Collection) -> None:
    two_readers = request.POST.get("two_readers") == "on"
    with transaction.atomic():
        ReviewPolicy.objects.update_or_create(collection=collection, defaults={"two_readers": two_readers})
        about = {"collection": collection.pk, "two_readers": two_readers}
        log_act(request.user, Action.COLLECTION, collection.name, change="review policy", **about)
