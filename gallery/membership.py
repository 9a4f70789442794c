"""Roles given and taken, on the site and in collections, each told in the transaction that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from gallery.models import Collection
from gallery.permissions import permissions_of
from gallery.roles import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


def addition_problem(user: User | AnonymousUser, name: str) -> str:
    """Return why a person may not put images into the collection of that name; empty: they may.

    A name that no collection has yet asks for making one, the empty name for the common library.
    """
    collection = Collection.objects.filter(name=name).first() if name else None
    if collection is None:
        return "" if permissions_of(user).may(Role.CONTRIBUTOR) else _outside_problem(user, name)
    if not Collection.objects.visible_to(user).filter(pk=collection.pk).exists():
        return _("The name “%(name)s” is taken by a collection that is closed to you; choose another.") % {"name": name}
    if not Collection.objects.with_role(user, Role.CONTRIBUTOR).filter(pk=collection.pk).exists():
        return _("You may look at “%(name)s” but not add to it; ask one of its curators.") % {"name": name}
    return ""


def _outside_problem(user: User | AnonymousUser, name: str) -> str:
    """Say where people who are contributors in some collections only may add."""
    own = ", ".join(f"“{each}”" for each in Collection.objects.with_role(user, Role.CONTRIBUTOR))
    if name:
        return _("There is no collection “%(name)s”, and you may not make one. You may add to %(own)s.") % {
            "name": name,
            "own": own,
        }
    return _("Choose a collection: you may add to %(own)s.") % {"own": own}
