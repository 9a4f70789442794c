"""Accounts of every kind, for views that ask who somebody is."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client

from gallery.models import Account, Collection, Membership
from gallery.people.roles import Role


def make_person(name: str, role: Role = Role.VIEWER) -> User:
    """Add an account that is that on the whole site."""
    user = User.objects.create_user(name, is_staff=role == Role.ADMIN, is_superuser=role == Role.ADMIN)
    Account.objects.create(user=user, role=role)
    return user


def make_member(user: User, collection: Collection, role: Role) -> None:
    """Make somebody that in a collection."""
    Membership.objects.create(user=user, collection=collection, role=role)


def client_of(user: User) -> Client:
    """Return a browser in which somebody is logged in."""
    client = Client()
    client.force_login(user)
    return client
