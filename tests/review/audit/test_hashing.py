"""Hashes of rows: worked out by hand, and the same after a round through any database."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from review.audit.hashing import row_hash, settled

MOMENT = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
ROW: dict[str, Any] = {
    "number": 2,
    "happened_at": MOMENT,
    "actor_id": 7,
    "actor_name": "ада",
    "action": "edit",
    "subject": "heron",
    "details": {"b": 1, "a": [True, None]},
    "previous_hash": "f" * 64,
}


def test_it_works() -> None:
    text = (
        '{"action":"edit","actor_id":7,"actor_name":"ада","details":{"a":[true,null],"b":1},'
        '"happened_at":"2026-03-04T05:06:07.000089+00:00","number":2,"subject":"heron"}' + "f" * 64
    )
    assert row_hash(**ROW) == hashlib.sha256(text.encode()).hexdigest()


def test_the_same_moment_in_another_zone_gives_the_same_seal() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=8)))
    assert row_hash(**ROW | {"happened_at": elsewhere}) == row_hash(**ROW)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", 3),
        ("happened_at", MOMENT + timedelta(microseconds=1)),
        ("actor_id", None),
        ("actor_name", "ada"),
        ("action", "hide"),
        ("subject", "heron "),
        ("details", {"b": 1, "a": [True, 0]}),
        ("previous_hash", "e" * 64),
    ],
)
def test_every_field_counts(field: str, value: Any) -> None:
    assert row_hash(**ROW | {field: value}) != row_hash(**ROW)


def test_settled_is_what_every_database_gives_back() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    told = {1: (2.0, 0.5, 1e20), "nul\0": "\udc80", "when": moment, "price": Decimal("1.50"), "yes": True}
    assert settled(told) == {
        "1": [2, 0.5, 10**20],
        "nul\ufffd": "?",
        "when": "2026-01-01T00:00:00Z",
        "price": "1.50",
        "yes": True,
    }
    assert settled(settled(told)) == settled(told)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}])
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        settled({"value": value})
