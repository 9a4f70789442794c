"""Turns of transactions that must not overlap, on whichever machine: one goes on, the others wait for its end."""

from __future__ import annotations

from hashlib import sha256

from django.db import connection


def take_turn(name: str) -> None:
    """Wait until no other transaction has this turn, and keep it until the end of the one at hand.

    On SQLite a transaction holds the database's only write lock from its beginning (IMMEDIATE), so it has every turn.
    """
    if connection.vendor == "postgresql":
        key = int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)
        with connection.cursor() as cursor:
            # Of the transaction, so that it is freed by the commit, when the next one can see our row, and not before.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
