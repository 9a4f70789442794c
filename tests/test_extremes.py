"""Numbers, days and texts that no page hands out, sent to every page that reads them: nothing breaks by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django import forms
from django.db import connection, transaction
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from gallery.forms import LARGEST_ID
from gallery.people.roles import Role
from search.generations import snapshot
from tests.role_matrix import ROWS, Cell, World

pytestmark = pytest.mark.django_db
NUMBERS = (2**63 - 1, 2**63, 2**64, 10**30)
VALUES = (
    "9999-12-31",
    "0001-01-01",
    "99999999999999999999",
    str(2**63 - 1),
    str(2**63),
    "-1",
    "9" * 5000,
    "1e308",
    "\0",
    "x\0",
    f"{10**30}-{10**30}",
    f"{2**52 * 11}-{10**30}",
    f"0.5:{10**30}",
    "9999-12-31T23:59:59-12:00_5",
    "0001-01-01T00:00:00+12:00_5",
    f"image={10**30}&collection={10**30}&min=1e400",
)
"""Days, numbers and texts; then the marks of pages as lists name them, and what the address of a search may say."""
CELLS = [(name, method) for name, row in ROWS.items() for method in row]


@pytest.fixture(autouse=True)
def _fresh_snapshot() -> None:
    snapshot.forget()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(world.people[Role.ADMIN])
    return client


def refuse_nul(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
    """Be as strict as PostgreSQL."""
    if any(isinstance(value, str) and "\0" in value for value in params or ()):
        raise ValueError("A string cannot contain NUL characters.")
    return execute(sql, params, *rest)


def status_of(client: Client, method: str, address: str, data: Any) -> int:
    """Return how a request is answered; what it changed is forgotten."""
    with transaction.atomic(), connection.execute_wrapper(refuse_nul):
        response = getattr(client, method.lower())(address, data)
        if response.streaming:
            b"".join(response.streaming_content)
        transaction.set_rollback(True)
    status: int = response.status_code
    return status


def with_numbers(args: list[Any]) -> Iterator[tuple[list[Any], int]]:
    """Yield the arguments of an address with each of its numbers replaced, and then with all of them."""
    places = [place for place, value in enumerate(args) if isinstance(value, int)]
    for number in NUMBERS:
        for replaced in [[place] for place in places] + [places[: len(places) * (len(places) > 1)]]:
            if replaced:
                yield [number if place in replaced else value for place, value in enumerate(args)], number


@pytest.mark.parametrize(("name", "method"), CELLS)
def test_numbers_in_addresses(name: str, method: str, world: World, client: Client) -> None:
    cell = ROWS[name][method]
    wrong = {}
    for args, number in with_numbers(cell.args(world)):
        status = status_of(client, method, reverse(name, args=args), cell.data(world))
        if status >= 500 or (number >= 2**63 and status != 404):
            wrong[str(args)] = status
    assert wrong == {}


@pytest.mark.parametrize(("name", "method"), CELLS)
def test_nul_in_addresses(name: str, method: str, world: World, client: Client) -> None:
    cell = ROWS[name][method]
    args = cell.args(world)
    for place, value in enumerate(args):
        if isinstance(value, str):
            hostile = [*args[:place], value[:-1] + "\0", *args[place + 1 :]]
            assert status_of(client, method, reverse(name, args=hostile), cell.data(world)) == 404


@pytest.fixture
def read_names(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The parameters that were read of addresses and forms."""
    names: set[str] = set()

    def watched(original: Callable[..., Any]) -> Callable[..., Any]:
        def read(self: QueryDict, key: str, *args: Any, **options: Any) -> Any:
            names.add(key)
            return original(self, key, *args, **options)

        return read

    for reader in ("__getitem__", "getlist"):
        monkeypatch.setattr(QueryDict, reader, watched(getattr(QueryDict, reader)))
    return names


def probe(name: str, cell: Cell, method: str, world: World, client: Client) -> tuple[str, dict[str, Any]]:
    """Ask a page as it is meant to be asked; return its address and what was sent."""
    address, data = reverse(name, args=cell.args(world)), cell.data(world)
    status_of(client, method, address, data)
    return address, data


@pytest.mark.parametrize(("name", "method"), CELLS)
def test_values_of_parameters(name: str, method: str, world: World, client: Client, read_names: set[str]) -> None:
    address, data = probe(name, ROWS[name][method], method, world, client)
    wrong = {}
    weights = sorted(each for each in read_names if each.startswith("w_"))  # read alike: one stands for all
    for parameter in sorted(read_names - {"csrfmiddlewaretoken", *weights[1:]}):
        for value in VALUES:
            status = status_of(client, method, address, data | {parameter: value})
            if status >= 500 and status != 503:
                wrong[f"{parameter}={value[:30]!r}"] = status
    assert wrong == {}


def forms_of(parent: type[forms.BaseForm] = forms.BaseForm) -> Iterator[type[forms.BaseForm]]:
    for form in parent.__subclasses__():
        if form.__module__.partition(".")[0] in ("gallery", "search", "review"):
            yield form
        yield from forms_of(form)


def test_numbers_in_forms_have_a_limit() -> None:
    numbers = {
        f"{form.__name__}.{name}": field
        for form in forms_of()
        for name, field in form.base_fields.items()
        if isinstance(field, forms.IntegerField)
    }
    assert numbers
    assert [name for name, field in numbers.items() if field.max_value is None or field.max_value > LARGEST_ID] == []
