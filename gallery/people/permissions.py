"""What a person may do: their role on the site, and their roles in collections. Read again with every request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from gallery.people.roles import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

View = Callable[..., HttpResponseBase]
VISITOR = Role.CONTRIBUTOR
"""What people without an account are where the site is open to them."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What one person may do.

    The role on the site holds for the common library and for public collections; in a collection a membership may
    give more, and in a private one it alone counts. What is in the common library is changed by curators of the site
    only, whatever collections hold it. Admins may do everything everywhere.
    """

    role: Role | None = None
    memberships: Mapping[int, Role] = field(default_factory=dict)  # collection id -> role

    @property
    def sees_all(self) -> bool:
        return self.role == Role.ADMIN

    def may(self, least: Role) -> bool:
        """Tell whether this person is at least that on the site."""
        return self.role is not None and self.role >= least

    def may_somewhere(self, least: Role) -> bool:
        """Tell whether this person is at least that on the site or in any collection."""
        return self.may(least) or any(role >= least for role in self.memberships.values())

    def member_of(self, least: Role) -> list[int]:
        """Return the ids of the collections whose membership makes this person at least that."""
        return sorted(pk for pk, role in self.memberships.items() if role >= least)


def permissions_of(user: User | AnonymousUser) -> Permissions:
    """Return what a person may do; two queries at most, kept with the user object of the request."""
    found: Permissions | None = getattr(user, "_permissions", None)
    if found is None:
        found = _read(user)
        user._permissions = found  # type: ignore[union-attr]
    return found


def welcomed(user: User | AnonymousUser) -> User | AnonymousUser:
    """Return who sent a request, who is a visitor when nobody: the site is open to where the request comes from."""
    if not user.is_authenticated:
        user._is_welcome = True  # type: ignore[attr-defined]
    return user


def _read(user: User | AnonymousUser) -> Permissions:
    if not user.is_authenticated:
        return Permissions(VISITOR if settings.OPEN_ACCESS or getattr(user, "_is_welcome", False) else None)
    if user.is_staff:  # Django's own flag, so that its admin and ours can never disagree about who is one
        return Permissions(Role.ADMIN)
    memberships = {pk: Role(role) for pk, role in user.memberships.values_list("collection_id", "role")}
    return Permissions(given_role(user), memberships)


def given_role(user: User) -> Role:
    """Return the role that an account was given on the site; who is not staff is no admin, whatever is written."""
    account = getattr(user, "account", None)
    if account is None or account.role >= Role.ADMIN:
        return Role[settings.NEW_ACCOUNT_ROLE.upper()]
    return Role(account.role)


def require(user: User | AnonymousUser, least: Role, *, somewhere: bool = False) -> None:
    """Go on only for people of at least that role, on the site or (`somewhere`) in any collection.

    Raises
    ------
    PermissionDenied : they are less; the sentence says what is needed and who gives it
    """
    own = permissions_of(user)
    if own.may_somewhere(least) if somewhere else own.may(least):
        return
    if user.is_authenticated:
        text = _("This needs the role “%(role)s”. An admin of the site can give it to you.")
    else:
        text = _("This needs an account with the role “%(role)s”. Log in first.")
    raise PermissionDenied(text % {"role": least.label})


def requires(least: Role, *, somewhere: bool = True) -> Callable[[View], View]:
    """Let a view be used by people of at least that role, on the site or (`somewhere`) in any collection.

    The view itself still narrows what it touches by `with_role`.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            require(request.user, least, somewhere=somewhere)
            return view(request, *args, **kwargs)

        return checked

    return decorate
