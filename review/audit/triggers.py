"""Triggers in the database that refuse to change or remove rows which are only ever added.

The models refuse it too, but only to this program. SQLite forgets a table's triggers when a migration remakes the
table, so they are put back after every `migrate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import SET_NULL, ForeignKey, Model

from review.models import AppendOnly

REFUSAL = "rows are never changed or removed"
FUNCTION = "likeness_refuse_change"
ACTS = ("update", "delete", "truncate")


def guarded_models() -> list[type[Model]]:
    """Return the models whose rows are only ever added."""
    return [model for model in apps.get_models() if issubclass(model, AppendOnly)]


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Return the names of the tables that lack a trigger; empty where the database is guarded."""
    connection = connections[using]
    if connection.vendor not in ("sqlite", "postgresql"):
        return [model._meta.db_table for model in guarded_models()]
    found = _found(connection)
    tables = [model._meta.db_table for model in guarded_models()]
    return [table for table in tables if not set(_names(connection, table)) <= found]


def install(using: str = DEFAULT_DB_ALIAS, **signal: Any) -> None:
    """Make the triggers again; the receiver of `post_migrate`."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for model in guarded_models():
            if model._meta.db_table in tables:
                for statement in _statements(connection, model):
                    cursor.execute(statement)


def remove(using: str = DEFAULT_DB_ALIAS) -> None:
    """Take the triggers off, as only emptying the whole database may."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for model in guarded_models():
            if model._meta.db_table in tables:
                for statement in _drops(connection, model._meta.db_table):
                    cursor.execute(statement)


@contextmanager
def lifted(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Take the triggers off for one transaction."""
    # Triggers are part of the transaction in both databases: an error, or a kill, leaves them as they were.
    with transaction.atomic(using=using):
        remove(using)
        yield
        install(using)


def _found(connection: BaseDatabaseWrapper) -> set[str]:
    if connection.vendor == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {name for (name,) in cursor.fetchall()}


def _names(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    acts = ACTS[:2] if connection.vendor == "sqlite" else ACTS  # SQLite has no TRUNCATE
    return [f"{table}_no_{act}" for act in acts]


def _drops(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    ending = "" if connection.vendor == "sqlite" else f" ON {table}"
    return [f"DROP TRIGGER IF EXISTS {name}{ending}" for name in _names(connection, table)]


def _statements(connection: BaseDatabaseWrapper, model: type[Model]) -> list[str]:
    """Return what makes a table's triggers; the author of a row may be forgotten, nothing else of it may change."""
    table = model._meta.db_table
    if connection.vendor == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table}: {REFUSAL}'); END"
        changes = _changes(model, "IS NOT")  # not <>, which is unknown, and so no change, where one side is NULL
        made = [
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN {changes} {refuse}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        ]
    elif connection.vendor == "postgresql":
        refuse = f"EXECUTE FUNCTION {FUNCTION}()"
        changes = _changes(model, "IS DISTINCT FROM")
        made = [
            f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION '%: {REFUSAL}', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$",
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({changes}) {refuse}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
        ]
    else:
        return []
    return [*_drops(connection, table), *made]


def _changes(model: type[Model], differs: str) -> str:
    """Return the condition under which an update changes a row beyond forgetting an account that is gone."""
    parts = []
    for field in model._meta.local_concrete_fields:
        changed = f'NEW."{field.column}" {differs} OLD."{field.column}"'
        forgets = isinstance(field, ForeignKey) and field.remote_field.on_delete is SET_NULL
        parts.append(f'({changed} AND NEW."{field.column}" IS NOT NULL)' if forgets else changed)
    return " OR ".join(parts)
