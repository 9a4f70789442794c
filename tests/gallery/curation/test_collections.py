"""Collections changed by hand: who closes one keeps it in hand."""

from __future__ import annotations

import pytest

from gallery.curation.collections import change_collection
from gallery.models import Collection, Membership
from gallery.people.roles import Role
from tests.gallery.members import make_member, make_person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("before", [None, Role.VIEWER, Role.CURATOR])
def test_who_closes_a_collection_becomes_its_curator(before: Role | None) -> None:
    ada, birds = make_person("ada", Role.CURATOR), Collection.objects.create(name="Birds")
    if before is not None:
        make_member(ada, birds, before)
    assert change_collection(birds, {"private": True}, ada) == {"private": True}
    assert Membership.objects.get(collection=birds, user=ada).role == Role.CURATOR
