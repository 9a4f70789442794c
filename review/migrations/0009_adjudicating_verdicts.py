from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import Exists, OuterRef

from review.audit import triggers


def mark(apps: Any, schema_editor: Any) -> None:
    """Mark the verdicts that adjudicated a pair: so far the reading alone told, which goes with its queue."""
    verdicts, readings = (apps.get_model("review", name) for name in ("Verdict", "Reading"))
    pair = {name: OuterRef(name.removeprefix("pair__")) for name in ("pair__first_sha256", "pair__second_sha256")}
    decided = readings.objects.filter(**pair, reader=OuterRef("author"), slot=3, decided_at__isnull=False)
    marked = list(verdicts.objects.filter(Exists(decided)).values_list("pk", flat=True))
    if marked:
        triggers.remove(schema_editor.connection.alias)  # put back after all migrations
        for start in range(0, len(marked), 500):
            verdicts.objects.filter(pk__in=marked[start : start + 500]).update(adjudicates=True)


class Migration(migrations.Migration):
    dependencies = [("review", "0008_scan_seconds")]

    operations = [
        migrations.AddField(
            model_name="verdict",
            name="adjudicates",
            field=models.BooleanField(default=False, verbose_name="adjudicates"),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="reading", name="reading_adjudicated"),
    ]
