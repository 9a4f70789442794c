"""People of a role, for tests of what people decide."""

from __future__ import annotations

from django.contrib.auth.models import User

from gallery.models import Account
from gallery.people.roles import Role


def person(name: str, role: Role = Role.REVIEWER) -> User:
    """Add an account of that name and role."""
    admin = role == Role.ADMIN
    user = User.objects.create_user(name, is_staff=admin, is_superuser=admin)
    Account.objects.create(user=user, role=role)
    return user
