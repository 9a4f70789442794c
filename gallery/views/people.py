"""Accounts and their roles, for admins."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gallery.explained_form import codes_of
from gallery.forms import read_text
from gallery.keyset import page_after
from gallery.notices import way_back
from gallery.people.forms import PeopleForm, RoleForm
from gallery.people.membership import RoleError, set_active, set_role, site_role
from gallery.people.permissions import requires
from gallery.people.roles import Role

PAGE_SIZE = 50


@require_safe
@requires(Role.ADMIN, somewhere=False)
def people(request: HttpRequest) -> HttpResponse:
    """Show accounts by name, a page at a time."""
    form = PeopleForm(request.GET)
    found = _found(form)
    after = read_text(request.GET.get("after", ""))
    page = page_after(found, PAGE_SIZE, ["username"], [after] if after else None)
    query = form.query()
    more = {**query, "after": page.last.get_username()} if page.last else None
    context: dict[str, Any] = {
        "form": form,
        "people": [(user, site_role(user)) for user in page.rows],
        "roles": list(Role),
        "usual": Role[settings.NEW_ACCOUNT_ROLE.upper()],
        "is_filtering": bool(query),
        "is_later": bool(after),
        "more": f"?{urlencode(more)}" if more else "",
    }
    return render(request, "gallery/people.html", context)


@require_POST
@requires(Role.ADMIN, somewhere=False)
def change_role(request: HttpRequest, pk: int) -> HttpResponse:
    """Give somebody a role on the site."""
    user, form = get_object_or_404(User, pk=pk), RoleForm(request.POST)
    if not form.is_valid():
        text = " ".join(str(error) for errors in form.errors.values() for error in errors)
        messages.error(request, text, extra_tags=codes_of(*form.errors.values()))
        return redirect(_back(request))
    role = Role(form.cleaned_data["role"])
    try:
        changed = set_role(user, role, cast(User, request.user))
    except RoleError as error:
        messages.error(request, str(error), extra_tags=error.code)
    else:
        text = _("%(name)s has the role “%(role)s” now.") if changed else _("%(name)s has the role “%(role)s” already.")
        told = text % {"name": user.get_username(), "role": role.label}
        messages.success(request, told, extra_tags="role_given" if changed else "role_as_before")
    return redirect(_back(request))


@require_POST
@requires(Role.ADMIN, somewhere=False)
def change_activity(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody log in again, or no more."""
    user, active = get_object_or_404(User, pk=pk), request.POST.get("active") == "yes"
    try:
        set_active(user, cast(User, request.user), active=active)
    except RoleError as error:
        messages.error(request, str(error), extra_tags=error.code)
    else:
        text = _("%(name)s may log in again.") if active else _("%(name)s is logged out and may not log in any more.")
        messages.success(request, text % {"name": user.get_username()}, extra_tags="let_in" if active else "kept_out")
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    return way_back(request, reverse("gallery:people"))


def _found(form: PeopleForm) -> QuerySet[User]:
    """Return the accounts that pass the filters, by name."""
    form.is_valid()
    asked = form.cleaned_data
    found = User.objects.select_related("account").order_by("username")
    if text := asked.get("q"):
        names = Q(username__icontains=text) | Q(email__icontains=text)
        found = found.filter(names | Q(first_name__icontains=text) | Q(last_name__icontains=text))
    if role := asked.get("role"):
        found = found.filter(_of_role(Role(role)))
    if asked.get("inactive"):
        found = found.filter(is_active=False)
    return found


def _of_role(role: Role) -> Q:
    """Select accounts by what they are to the site, see `site_role`."""
    if role == Role.ADMIN:
        return Q(is_staff=True) | Q(account__role=role)
    given = Q(account__role=role)
    if role == Role[settings.NEW_ACCOUNT_ROLE.upper()]:
        given |= Q(account=None)
    return given & Q(is_staff=False)
