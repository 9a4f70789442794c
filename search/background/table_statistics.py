"""What SQLite's query planner knows of how full the tables are.

Without it the planner takes every column of an index for a narrow choice, and of "these hundred images by their SHA-256
that are shown" it walks over all that are shown. PostgreSQL keeps its statistics itself.
"""

from __future__ import annotations

import time

from django.db import connection
from django.db.models import Max

from gallery.models import Image

PAUSE_SECONDS = 3600.0
GROWTH = 1.5
"""Renewed before that time once the library has so many times the images: old numbers would be worse than none."""
ROWS_READ = 20_000
"""Of each index at most, so that the cost stays bounded: 0.1 s for a library of 100,000 images."""
_renewed: tuple[float, int] | None = None  # when, and the highest number of an image then


def renew() -> None:
    """Have the planner read samples of all indexes where that is due; nothing on other databases. One query else."""
    global _renewed
    if connection.vendor != "sqlite":
        return
    now, highest = time.monotonic(), Image.objects.aggregate(highest=Max("pk"))["highest"] or 0
    if _renewed is not None and now < _renewed[0] + PAUSE_SECONDS and highest <= GROWTH * _renewed[1]:
        return
    with connection.cursor() as cursor:
        # Of this connection only, and of no others: it limits the line that follows.
        cursor.execute(f"PRAGMA analysis_limit = {ROWS_READ}")
        cursor.execute("ANALYZE")
    _renewed = now, highest


def forget() -> None:
    """Renew at the next call, whenever it comes."""
    global _renewed
    _renewed = None
