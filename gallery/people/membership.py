"""Roles given and withdrawn, on the site and in collections; each change is logged in its transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from gallery.audit_events import Action, log_act
from gallery.models import Account, Collection, Membership
from gallery.people.permissions import given_role, permissions_of
from gallery.people.roles import Role
from jobs.errors import CodedError

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

ADMINS = Q(is_active=True, is_staff=True)


class RoleError(CodedError):
    """A role or membership that cannot be given or taken, or that an act needs; the code says why."""


def site_role(user: User) -> Role:
    """Return what an account is to the site."""
    return Role.ADMIN if user.is_staff else given_role(user)


def set_role(user: User, role: Role, by: User | AnonymousUser | None) -> bool:
    """Give an account a role on the site; False when it is that already.

    Admins may use Django's admin, too; nobody else may.

    Raises
    ------
    RoleError : it is the last admin's
    """
    with transaction.atomic():
        user = _locked(user)
        before = site_role(user)
        # Without a row of their own they have the role only as long as NEW_ACCOUNT_ROLE says so.
        if before == role and Account.objects.filter(user=user, role=role).exists():
            return False
        if role != Role.ADMIN:
            _keep_an_admin(user)
        user.is_staff = user.is_superuser = role == Role.ADMIN
        user.save(update_fields=["is_staff", "is_superuser"])
        Account.objects.update_or_create(user=user, defaults={"role": role})
        log_act(by, Action.ROLE, user.get_username(), before=before.name.lower(), after=role.name.lower())
    return True


def set_active(user: User, by: User | AnonymousUser | None, *, active: bool) -> bool:
    """Let an account log in or not; False when it is so already. What it did stays, and it is logged out at once.

    Raises
    ------
    RoleError : it is the last admin's
    """
    with transaction.atomic():
        user = _locked(user)
        if user.is_active == active:
            return False
        if not active:
            _keep_an_admin(user)
        user.is_active = active
        # Sessions need not be deleted: Django asks for the flag with every request.
        user.save(update_fields=["is_active"])
        log_act(by, Action.ROLE, user.get_username(), active=active)
    return True


def _locked(user: User) -> User:
    """Return an account as it is now, locked together with all admins until the transaction ends."""
    # All at once and in one order: two admins who demote each other must neither both succeed nor wait for each other.
    # Nobody's key changes: rows that name an account may be added meanwhile.
    rows = User.objects.select_for_update(no_key=True).filter(ADMINS | Q(pk=user.pk)).order_by("pk")
    return {row.pk: row for row in rows}[user.pk]


def _keep_an_admin(user: User) -> None:
    """Refuse to take the last admin away."""
    if is_last_admin(user):
        raise last_admin_error(user)


def is_last_admin(user: User) -> bool:
    """Tell whether nobody else could give roles any more if this account could not."""
    return set(User.objects.filter(ADMINS).values_list("pk", flat=True)) == {user.pk}


def last_admin_error(user: User) -> RoleError:
    """Return why the last admin stays."""
    return RoleError("last_admin", name=user.get_username())


def set_membership(collection: Collection, user: User, role: Role, by: User | AnonymousUser | None) -> bool:
    """Give somebody a role in a collection; False when they have it already.

    Raises
    ------
    RoleError : collections have no admins, or it would leave a private one without a curator
    """
    if role >= Role.ADMIN:
        raise RoleError("no_admins_of_collections")
    with transaction.atomic():
        collection = _locked_collection(collection)
        held = Membership.objects.filter(collection=collection, user=user).first()
        if held and held.role == role:
            return False
        if held and role < Role.CURATOR:
            _keep_a_curator(collection, user)
        Membership.objects.update_or_create(collection=collection, user=user, defaults={"role": role})
        before = Role(held.role).name.lower() if held else None
        log_act(by, Action.MEMBERSHIP, str(collection), person=str(user), before=before, after=role.name.lower())
    return True


def remove_membership(collection: Collection, user: User, by: User | AnonymousUser | None) -> bool:
    """Take somebody's role in a collection away; False when they had none.

    Raises
    ------
    RoleError : it would leave a private collection without a curator
    """
    with transaction.atomic():
        collection = _locked_collection(collection)
        held = Membership.objects.filter(collection=collection, user=user).first()
        if held is None:
            return False
        _keep_a_curator(collection, user)
        held.delete()
        before = Role(held.role).name.lower()
        log_act(by, Action.MEMBERSHIP, str(collection), person=str(user), before=before, after=None)
    return True


def _locked_collection(collection: Collection) -> Collection:
    """Return a collection as it is now, locked until the transaction ends."""
    # One lock for all its memberships: two curators who remove each other would each still see the other as one.
    return Collection.objects.select_for_update().get(pk=collection.pk)


def _keep_a_curator(collection: Collection, user: User) -> None:
    """Refuse to take the last curator of a private collection away: nobody but admins could let people in."""
    if is_last_curator(collection, user):
        raise last_curator_error(user)


def is_last_curator(collection: Collection, user: User) -> bool:
    """Tell whether a private collection has no other curator."""
    curators = Membership.objects.filter(collection=collection, role__gte=Role.CURATOR, user__is_active=True)
    return collection.private and set(curators.values_list("user_id", flat=True)) == {user.pk}


def last_curator_error(user: User) -> RoleError:
    """Return why the last curator stays."""
    return RoleError("last_curator", name=user.get_username())


def refuse_addition(user: User | AnonymousUser, name: str) -> None:
    """Pass where a person may put images into the collection of that name.

    A name that no collection has yet asks for making one, the empty name for the common library.

    Raises
    ------
    RoleError : they may not
    """
    collection = Collection.objects.filter(name=name).first() if name else None
    if collection is None:
        if not permissions_of(user).may(Role.CONTRIBUTOR):  # in some collections only, which are named
            own = [f"“{each}”" for each in Collection.objects.with_role(user, Role.CONTRIBUTOR)]
            raise RoleError("no_such_collection", name=name, own=own) if name else RoleError("choose_own", own=own)
    # A hidden collection holds its name too; nothing but that it is taken may be told of it.
    elif not Collection.objects.visible_to(user).filter(pk=collection.pk).exists():
        raise RoleError("collection_closed", name=name)
    elif not Collection.objects.with_role(user, Role.CONTRIBUTOR).filter(pk=collection.pk).exists():
        raise RoleError("collection_not_theirs", name=name)
