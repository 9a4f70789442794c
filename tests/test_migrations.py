"""Migrations on PostgreSQL, which alters no table while checks of its changed rows are pending."""

from __future__ import annotations

import inspect

import pytest
from django.db import connection
from django.db.migrations import RunPython
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.fields import FieldOperation

APPS = ("gallery", "search", "review")
MIGRATIONS = MigrationLoader(connection, load=False)
MIGRATIONS.load_disk()


@pytest.mark.parametrize(
    ("app", "name"), [key for key in sorted(MIGRATIONS.disk_migrations) if key[0] in APPS], ids="-".join
)
def test_data_is_checked_before_tables_are_altered_further(app: str, name: str) -> None:
    operations = MIGRATIONS.disk_migrations[app, name].operations
    for place, operation in enumerate(operations):
        alters_later = any(isinstance(later, FieldOperation) for later in operations[place:])
        if isinstance(operation, RunPython) and alters_later:
            assert "check_constraints" in inspect.getsource(operation.code), (
                "rows that a migration changes twice leave checks pending on PostgreSQL:"
                " call schema_editor.connection.check_constraints at the end of the function"
            )
