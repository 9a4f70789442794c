"""A kind of work for tests of the protocol itself: its table is made when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection, models

from jobs.job import Kind
from jobs.progress import Progress
from jobs.rows import JobRow

QUEUE = "maintenance"


class Errand(JobRow):
    """Something to be fetched."""

    name = models.CharField(max_length=20)
    fetched = models.JSONField(default=list)

    class Meta:
        app_label = "errands"


Work = Callable[[Errand, Progress[Errand]], Mapping[str, Any] | None]


def make_table() -> None:
    """Make the table, unless it is there."""
    if Errand._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Errand)


def errands(work: Work, **options: Any) -> Kind[Errand]:
    """Return a kind that works so; nobody else knows of it."""
    return Kind("errand", Errand, QUEUE, work, **options)
