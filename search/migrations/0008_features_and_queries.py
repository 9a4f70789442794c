from django.db import migrations, models
from django.db.models import F
from django.utils import timezone

from jobs.errors import from_text

STATES = [
    ("waiting", "waiting"),
    ("running", "running"),
    ("ready", "ready"),
    ("failed", "failed"),
    ("stopped", "stopped"),
]


class ShorterText(migrations.AlterField):
    """SQLite does not look at the length of a text: there the table, which may be very large, is left as it is."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        self.database_forwards(app_label, schema_editor, from_state, to_state)


def move_features(apps, schema_editor):
    """Rename states, let texts become codes, and free what was in the hands of the workers of before."""
    rows = apps.get_model("search", "Feature").objects
    rows.filter(state="pending").update(state="waiting")
    rows.filter(state="leased").update(state="running")
    rows.filter(state="running", lease__isnull=False).update(leased_until=timezone.now())
    move_texts(rows.exclude(error_code=""), rows)
    if schema_editor.connection.vendor == "postgresql":  # alters no table that has checks pending
        schema_editor.connection.check_constraints()


def move_queries(apps, schema_editor):
    rows = apps.get_model("search", "Query").objects
    rows.filter(state="pending").update(state="waiting")
    rows.filter(state="leased").update(state="running", leased_until=timezone.now())
    rows.update(heartbeat_at=F("created_at"))
    rows.exclude(state__in=["waiting", "running"]).update(finished_at=F("created_at"))
    move_texts(rows.exclude(error_code=""), rows)
    schema_editor.connection.check_constraints(["search_query"])  # PostgreSQL alters no table that has checks pending


def move_texts(told, rows):
    texts = list(told.values_list("error_code", flat=True).distinct())
    for text in texts:
        code, params = from_text(text)
        if code != text:
            rows.filter(error_code=text).update(error_code=code, error_params=params or None)


class Migration(migrations.Migration):
    dependencies = [
        ("search", "0007_job_rows"),
    ]

    operations = [
        migrations.RenameField(model_name="feature", old_name="reason", new_name="error_code"),
        migrations.AddField(
            model_name="feature", name="error_params", field=models.JSONField(editable=False, null=True)
        ),
        migrations.RunPython(move_features, migrations.RunPython.noop),
        ShorterText(
            model_name="feature",
            name="error_code",
            field=models.CharField(blank=True, max_length=64, verbose_name="error"),
        ),
        migrations.SeparateDatabaseAndState(  # the database knows no default
            state_operations=[
                migrations.AlterField(
                    model_name="feature",
                    name="state",
                    field=models.CharField(choices=STATES, default="waiting", max_length=8, verbose_name="state"),
                )
            ]
        ),
        migrations.RenameField(model_name="query", old_name="reason", new_name="error_code"),
        migrations.AddField(model_name="query", name="error_params", field=models.JSONField(editable=False, null=True)),
        migrations.AddField(
            model_name="query",
            name="finished_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="finished"),
        ),
        migrations.AddField(
            model_name="query",
            name="heartbeat_at",
            field=models.DateTimeField(auto_now=True, default=timezone.now),
            preserve_default=False,
        ),
        migrations.AddField(model_name="query", name="lease", field=models.UUIDField(editable=False, null=True)),
        migrations.AddField(
            model_name="query", name="num_done", field=models.PositiveIntegerField(default=0, editable=False)
        ),
        migrations.AddField(
            model_name="query", name="num_total", field=models.PositiveIntegerField(default=0, editable=False)
        ),
        migrations.AddField(
            model_name="query",
            name="phase",
            field=models.CharField(blank=True, editable=False, max_length=32, verbose_name="phase"),
        ),
        migrations.AddField(
            model_name="query",
            name="started_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="started"),
        ),
        migrations.RunPython(move_queries, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="query",
            name="error_code",
            field=models.CharField(blank=True, max_length=64, verbose_name="error"),
        ),
        migrations.AlterField(
            model_name="query",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="attempts"),
        ),
        migrations.AlterField(
            model_name="query",
            name="state",
            field=models.CharField(choices=STATES, default="waiting", max_length=8, verbose_name="state"),
        ),
    ]
