"""Make the table in which attempts to log in are counted, for all processes: it belongs to no model."""

from django.core.management import call_command
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def make_table(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    call_command("createcachetable", database=editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("gallery", "0004_changes")]

    operations = [migrations.RunPython(make_table, migrations.RunPython.noop)]
