"""Inviting people, and giving them links to set a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from gallery.people.accounts.forms import InvitationForm
from gallery.people.accounts.invitations import invite, make_link, send_link
from gallery.people.permissions import requires
from gallery.people.roles import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Role.ADMIN, somewhere=False)
# The answer shows a link that sets a password: neither a cache nor the Back button may keep it.
@never_cache
def invite_person(request: HttpRequest) -> HttpResponse:
    """Make an account for somebody, or show the form."""
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "gallery/invite.html", {"form": form}, status=400 if form.is_bound else 200)
    admin = cast("User", request.user)
    asked = form.cleaned_data
    return _give_link(request, admin, invite(admin, name=asked["name"], address=asked["address"], role=asked["role"]))


@require_POST
@requires(Role.ADMIN, somewhere=False)
@never_cache
def password_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Make another link for somebody who forgot the password, or lost the first link."""
    person = get_object_or_404(get_user_model(), pk=pk, is_active=True)
    return _give_link(request, cast("User", request.user), person)


@sensitive_variables("link")  # whoever reads it in a report of an error could set the password
def _give_link(request: HttpRequest, admin: User, person: User) -> HttpResponse:
    """Show the link once, and mail it if there is an address; a mail that fails leaves the link on the page."""
    link = make_link(request, admin, person)
    sent = False
    if person.email:
        try:
            send_link(request, admin, person, link)
            sent = True
        except ImmediateHttpResponse:
            messages.warning(
                request, _("The mail could not be sent; hand the link over yourself."), extra_tags="not_mailed"
            )
    return render(request, "gallery/invited.html", {"person": person, "link": link, "sent": sent})
