"""What a person may do, by their role on the site and in collections."""

from __future__ import annotations

from itertools import product

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from gallery.models import Account, Collection
from gallery.people.permissions import VISITOR, Permissions, given_role, permissions_of, require, requires, welcomed
from gallery.people.roles import Role
from tests.gallery.members import make_member, make_person

ROLES = st.one_of(st.none(), st.sampled_from(Role))
MEMBERSHIPS = st.dictionaries(st.integers(1, 5), st.sampled_from([Role.VIEWER, Role.CONTRIBUTOR, Role.CURATOR]))


@given(ROLES, MEMBERSHIPS, st.sampled_from(Role))
def test_who_may_more_may_all_that_is_less(role: Role | None, memberships: dict[int, Role], least: Role) -> None:
    own = Permissions(role, memberships)
    assert own.may(least) == (role is not None and role >= least)
    assert own.may_somewhere(least) == (own.may(least) or bool(own.member_of(least)))
    for lower in (each for each in Role if each <= least):
        assert own.may(lower) or not own.may(least)
        assert set(own.member_of(least)) <= set(own.member_of(lower))
    assert own.sees_all == (role == Role.ADMIN)


@pytest.mark.parametrize(("role", "least"), list(product(Role, Role)))
def test_roles_are_in_order(role: Role, least: Role) -> None:
    assert Permissions(role).may(least) == (list(Role).index(role) >= list(Role).index(least))


@pytest.mark.django_db
class TestPeople:
    def test_who_has_no_account_is_a_visitor_where_the_site_is_open(self, settings: object) -> None:
        settings.OPEN_ACCESS = True  # type: ignore[attr-defined]
        assert permissions_of(AnonymousUser()).role == VISITOR
        settings.OPEN_ACCESS = False  # type: ignore[attr-defined]
        assert permissions_of(AnonymousUser()).role is None
        assert permissions_of(welcomed(AnonymousUser())).role == VISITOR

    def test_who_logged_in_is_no_visitor_wherever_they_come_from(self) -> None:
        user = make_person("ada", Role.VIEWER)
        assert permissions_of(welcomed(user)).role == Role.VIEWER

    def test_staff_are_admins_whatever_their_account_says(self) -> None:
        user = User.objects.create(username="root", is_staff=True)
        Account.objects.create(user=user, role=Role.VIEWER)
        assert permissions_of(user).sees_all

    def test_an_account_that_is_written_to_be_admin_is_what_new_accounts_are(self, settings: object) -> None:
        settings.NEW_ACCOUNT_ROLE = "contributor"  # type: ignore[attr-defined]
        user = User.objects.create(username="eve")
        assert given_role(user) == Role.CONTRIBUTOR
        Account.objects.create(user=user, role=Role.ADMIN)
        assert given_role(User.objects.get(pk=user.pk)) == Role.CONTRIBUTOR

    def test_they_are_read_once_a_request(self, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        user = make_person("ada", Role.VIEWER)
        make_member(user, Collection.objects.create(name="Herons"), Role.CURATOR)
        again = User.objects.get(pk=user.pk)
        with django_assert_num_queries(2):
            first, second = permissions_of(again), permissions_of(again)
        assert first is second
        assert first.may_somewhere(Role.CURATOR)
        assert not first.may(Role.CURATOR)


@pytest.mark.django_db
class TestRequire:
    def test_a_role_in_a_collection_counts_where_that_is_said(self) -> None:
        user = make_person("ada", Role.VIEWER)
        make_member(user, Collection.objects.create(name="Herons"), Role.CURATOR)
        require(user, Role.CURATOR, somewhere=True)
        with pytest.raises(PermissionDenied):
            require(user, Role.CURATOR)

    def test_the_refusal_says_what_is_needed_and_who_gives_it(self) -> None:
        with pytest.raises(PermissionDenied, match=str(Role.CURATOR.label)) as known:
            require(make_person("ada"), Role.CURATOR)
        with pytest.raises(PermissionDenied, match=str(Role.CURATOR.label)) as unknown:
            require(AnonymousUser(), Role.CURATOR)
        assert str(known.value) != str(unknown.value)  # to ask an admin, or to log in first

    def test_a_view_is_not_entered_without_the_role(self, rf: RequestFactory) -> None:
        entered: list[HttpRequest] = []

        @requires(Role.CURATOR, somewhere=False)
        def view(request: HttpRequest, pk: int) -> HttpResponse:
            entered.append(request)
            return HttpResponse(str(pk))

        request = rf.get("/")
        request.user = make_person("ada", Role.CONTRIBUTOR)
        with pytest.raises(PermissionDenied):
            view(request, 7)
        assert entered == []
        request.user = make_person("bob", Role.CURATOR)
        assert view(request, 7).content == b"7"
        assert view.__name__ == "view"
