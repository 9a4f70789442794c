"""Who may do what in one collection: a part of its settings, and a page of its own."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect

from gallery.explained_form import codes_of
from gallery.forms import read_id
from gallery.models import COLLECTION_ROLES, Collection
from gallery.people.forms import MemberForm
from gallery.people.membership import RoleError, remove_membership, set_membership
from gallery.people.permissions import requires
from gallery.people.roles import Role


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Role.CURATOR)
@vary_on_headers("HX-Request")
def members(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the members of a collection, or let one in, give another role, or take it away."""
    collection = _managed(request, pk)
    if request.method != "POST":
        return _answer(request, collection, {"form": MemberForm(initial={"role": Role.VIEWER})})
    found = _take_away(request, collection) if "remove" in request.POST else _give(request, collection)
    part = request.headers.get("HX-Request") == "true"
    if not _still_manages(request, collection):
        away = reverse("gallery:collections")
        # The browser would follow a redirect by itself, and htmx put the list of collections into this region.
        return HttpResponseClientRedirect(away) if part else redirect(away)
    if not part and "problems" not in found:
        messages.success(request, found["done"], extra_tags=found["code"])
        return redirect("gallery:members", collection.pk)
    return _answer(request, collection, found)


def _managed(request: HttpRequest, pk: int) -> Collection:
    """Return the collection; what is not theirs to manage is not found."""
    return get_object_or_404(Collection.objects.with_role(request.user, Role.CURATOR), pk=pk)


def _give(request: HttpRequest, collection: Collection) -> dict[str, Any]:
    form = MemberForm(request.POST)
    if not form.is_valid():
        return {"form": form, "problems": form.problems(named=False), "code": codes_of(*form.errors.values())}
    person, role = form.cleaned_data["person"], Role(form.cleaned_data["role"])
    try:
        set_membership(collection, person, role, request.user)
    except RoleError as error:
        return {"form": form, "problems": [str(error)], "code": error.code}
    told = _("%(name)s has the role “%(role)s” here now.") % {"name": person, "role": role.label}
    return {"form": MemberForm(initial={"role": Role.VIEWER}), "done": told, "code": "member"}


def _take_away(request: HttpRequest, collection: Collection) -> dict[str, Any]:
    form = MemberForm(initial={"role": Role.VIEWER})
    person = User.objects.filter(pk=read_id(request.POST["remove"])).first()
    try:
        removed = person is not None and remove_membership(collection, person, request.user)
    except RoleError as error:
        return {"form": form, "problems": [str(error)], "code": error.code}
    if not removed:
        return {"form": form, "done": _("They were no member any more."), "code": "no_member_before"}
    return {"form": form, "done": _("%(name)s is no member any more.") % {"name": person}, "code": "no_member"}


def _answer(request: HttpRequest, collection: Collection, found: dict[str, Any]) -> HttpResponse:
    listed = collection.memberships.select_related("user").order_by("-role", "user__username")
    context = found | {"collection": collection, "members": listed, "roles": COLLECTION_ROLES}
    part = request.headers.get("HX-Request") == "true"
    template = "gallery/_members.html" if part else "gallery/members.html"
    # htmx leaves the page as it is at 400, and nobody would see what is wrong.
    status = HTTPStatus.BAD_REQUEST if "problems" in found and not part else HTTPStatus.OK
    return render(request, template, context, status=status)


def _still_manages(request: HttpRequest, collection: Collection) -> bool:
    """Tell whether who asks may go on after the act, which may have been about themselves."""
    fresh = User.objects.get(pk=cast(User, request.user).pk)  # the request's own user keeps the permissions of before
    return Collection.objects.with_role(fresh, Role.CURATOR).filter(pk=collection.pk).exists()
