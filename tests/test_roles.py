"""Every address, every method, every role: the table of `tests.role_matrix` against what the site really answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from gallery.people.permissions import VISITOR
from gallery.people.roles import Role
from search.generations import snapshot
from tests.role_matrix import EVERYBODY, GROUPS, ROWS, Cell, World

pytestmark = pytest.mark.django_db
METHODS = ("GET", "POST")
CLOSED, OPEN = "nobody on a closed site", "nobody on an open site"
ACTORS: tuple[str | Role, ...] = (CLOSED, OPEN, *Role)


def addresses(
    patterns: list[Any] | None = None, path: str = "/", names: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Yield how each address of the site begins, up to its first argument, and its name."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = path + str(pattern.pattern).lstrip("^").partition("<")[0].partition("(")[0]
        if isinstance(pattern, URLResolver):
            inner = (*names, pattern.namespace) if pattern.namespace else names
            yield from addresses(pattern.url_patterns, route, inner)
        elif isinstance(pattern, URLPattern):
            yield route, ":".join((*names, pattern.name or ""))


OWN = sorted({name for path, name in addresses() if not path.startswith(tuple(GROUPS))})


@pytest.fixture(autouse=True)
def _fresh_snapshot() -> None:
    snapshot.forget()


def test_every_address_has_a_row() -> None:
    assert [name for name in OWN if name not in ROWS] == []


def test_every_row_has_an_address() -> None:
    assert [name for name in ROWS if name not in OWN] == []


def rank(actor: str | Role, cell: Cell) -> int:
    """Return what somebody is to a cell; nobody is less than a viewer."""
    if isinstance(actor, Role):
        return actor
    return VISITOR if actor == OPEN and cell.visitors else 0


def send(name: str, method: str, cell: Cell, actor: str | Role) -> HttpResponseBase:
    """Send a request as somebody, in a library of its own."""
    world, client = World(), Client()
    if isinstance(actor, Role):
        world.asking = world.people[actor]
        client.force_login(world.asking)
    address = reverse(name, args=cell.args(world))
    answer: HttpResponseBase = getattr(client, method.lower())(address, cell.data(world))
    return answer


def is_log_in(response: HttpResponseBase) -> bool:
    """Tell whether an answer leads to the page for logging in."""
    if response.status_code != 302:
        return False
    target = response.headers["Location"].partition("?")[0]
    return resolve(target).view_name in ("account_login", "gallery:login")


@pytest.mark.parametrize(("name", "method"), [(name, method) for name in OWN if name in ROWS for method in METHODS])
def test_cell(name: str, method: str, settings: LazySettings) -> None:
    row = ROWS[name]
    cell = row.get(method) or next(iter(row.values()))
    wrong = {}
    for actor in ACTORS if method in row else (Role.ADMIN,):
        settings.OPEN_ACCESS = actor == OPEN
        with transaction.atomic():
            response = send(name, method, cell, actor)
            transaction.set_rollback(True)
        if method not in row:
            fits = response.status_code == 405
        elif cell.least is EVERYBODY or rank(actor, cell) >= cell.least:
            fits = response.status_code in cell.answers and not is_log_in(response)
        else:
            fits = is_log_in(response) or response.status_code == 403
        if not fits:
            wrong[str(actor)] = response.status_code
    assert wrong == {}


ADMIN_LISTS = sorted({name for path, name in addresses() if name.startswith("admin:") and name.endswith("_changelist")})


@pytest.mark.parametrize("name", ["admin:index", *ADMIN_LISTS])
def test_admin_is_for_admins(name: str) -> None:
    world = World()
    for role, user in world.people.items():
        client = Client()
        client.force_login(user)
        response = client.get(reverse(name))
        assert (response.status_code in (200, 503)) == (role == Role.ADMIN), role  # 503: without Redis
