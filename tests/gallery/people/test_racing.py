"""Two people who take each other's role away at the same moment: one is first, and the other one stays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Barrier, Thread

import pytest
from django.db import connection

from gallery.curation.collections import dissolve
from gallery.models import Collection, Membership
from gallery.people.membership import ADMINS, RoleError, remove_membership, set_membership, set_role
from gallery.people.roles import Role
from tests.gallery.members import make_member, make_person

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 8


def race(*acts: Callable[[], object]) -> list[BaseException]:
    """Do all acts at once; return what went wrong, refusals left out."""
    start, errors = Barrier(len(acts)), list[BaseException]()

    def window(act: Callable[[], object]) -> None:
        try:
            start.wait()
            act()
        except RoleError:
            pass  # the other was first
        except BaseException as error:  # noqa: BLE001 (told by the test)
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=window, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_one_admin_stays() -> None:
    one, other = make_person("one", Role.ADMIN), make_person("other", Role.ADMIN)
    for _round in range(ROUNDS):
        for user in (one, other):
            set_role(user, Role.ADMIN, None)
        assert race(lambda: set_role(one, Role.VIEWER, other), lambda: set_role(other, Role.VIEWER, one)) == []
        assert type(one).objects.filter(ADMINS).count() == 1


def test_one_curator_of_a_private_collection_stays() -> None:
    birds = Collection.objects.create(name="Birds", private=True)
    one, other = make_person("one"), make_person("other")
    for _round in range(ROUNDS):
        Membership.objects.all().delete()
        for user in (one, other):
            make_member(user, birds, Role.CURATOR)
        assert race(lambda: remove_membership(birds, one, other), lambda: remove_membership(birds, other, one)) == []
        assert Membership.objects.count() == 1


def test_a_collection_is_deleted_while_somebody_joins() -> None:
    one, admin = make_person("one"), make_person("admin", Role.ADMIN)
    for number in range(ROUNDS):
        birds = Collection.objects.create(name=f"Birds {number}")
        errors = race(partial(set_membership, birds, one, Role.VIEWER, admin), partial(dissolve, birds, admin))
        # The collection may be gone before anybody joins.
        assert [error for error in errors if not isinstance(error, Collection.DoesNotExist)] == []
    assert not Collection.objects.exists()
