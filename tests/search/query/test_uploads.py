"""Whose uploaded queries are whose, and what a session remembers of them."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.signed_cookies import SessionStore

from gallery.people.roles import Role
from search.models import Query
from search.query.uploads import MOST_REMEMBERED, SESSION_KEY, own_queries, remember, session_queries
from tests.gallery.members import make_person


def query(**about: object) -> Query:
    return Query.objects.create(sha256="a" * 64, original_name="heron.png", **about)


@pytest.mark.django_db
class TestOwn:
    def test_of_an_account_and_of_its_session(self) -> None:
        ada, bob = make_person("ada"), make_person("bob")
        mine, before_the_log_in, other = query(uploaded_by=ada), query(), query(uploaded_by=bob)
        assert set(own_queries(ada)) == {mine}
        assert set(own_queries(ada, [str(before_the_log_in.pk)])) == {mine, before_the_log_in}
        assert other not in own_queries(ada, [str(mine.pk)])

    def test_without_an_account_those_of_the_session_alone(self) -> None:
        nobodys = query()
        assert list(own_queries(AnonymousUser())) == []
        assert list(own_queries(AnonymousUser(), [str(nobodys.pk), str(uuid.uuid4())])) == [nobodys]

    def test_admins_see_all(self) -> None:
        query(uploaded_by=make_person("ada"))
        query()
        assert own_queries(make_person("root", Role.ADMIN)).count() == 2


class TestSession:
    def test_it_remembers_the_latest(self) -> None:
        session = SessionStore()
        asked = [Query(pk=uuid.uuid4()) for _number in range(MOST_REMEMBERED + 3)]
        assert session_queries(session) == ()
        for each in asked:
            remember(session, each)
        assert session_queries(session) == tuple(str(each.pk) for each in asked[3:])

    def test_one_that_comes_again_is_the_latest_once(self) -> None:
        session = SessionStore()
        first, second = Query(pk=uuid.uuid4()), Query(pk=uuid.uuid4())
        for each in (first, second, first):
            remember(session, each)
        assert session_queries(session) == (str(second.pk), str(first.pk))
        assert session[SESSION_KEY] == [str(second.pk), str(first.pk)]  # plain texts: sessions are kept as JSON
