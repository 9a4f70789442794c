"""Two people who take each other's role away at the same moment: one is first, and the other one stays."""

from __future__ import annotations

from functools import partial

import pytest

from gallery.curation.collections import dissolve
from gallery.models import Collection, Membership
from gallery.people.membership import ADMINS, RoleError, remove_membership, set_membership, set_role
from gallery.people.roles import Role
from tests.gallery.members import make_member, make_person
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 8


def test_one_admin_stays() -> None:
    one, other = make_person("one", Role.ADMIN), make_person("other", Role.ADMIN)
    for _round in range(ROUNDS):
        for user in (one, other):
            set_role(user, Role.ADMIN, None)
        acts = partial(set_role, one, Role.VIEWER, other), partial(set_role, other, Role.VIEWER, one)
        assert race(*acts, passing=(RoleError,)) == []
        assert type(one).objects.filter(ADMINS).count() == 1


def test_one_curator_of_a_private_collection_stays() -> None:
    birds = Collection.objects.create(name="Birds", private=True)
    one, other = make_person("one"), make_person("other")
    for _round in range(ROUNDS):
        Membership.objects.all().delete()
        for user in (one, other):
            make_member(user, birds, Role.CURATOR)
        acts = partial(remove_membership, birds, one, other), partial(remove_membership, birds, other, one)
        assert race(*acts, passing=(RoleError,)) == []
        assert Membership.objects.count() == 1


def test_a_collection_is_deleted_while_somebody_joins() -> None:
    one, admin = make_person("one"), make_person("admin", Role.ADMIN)
    for number in range(ROUNDS):
        birds = Collection.objects.create(name=f"Birds {number}")
        acts = partial(set_membership, birds, one, Role.VIEWER, admin), partial(dissolve, birds, admin)
        # The collection may be gone before anybody joins.
        assert race(*acts, passing=(RoleError, Collection.DoesNotExist)) == []
    assert not Collection.objects.exists()
