"""What SQLite's query planner knows of how full the tables are.

Without it the planner takes every column of an index for a narrow choice, and of "these hundred images by their SHA-256
that are shown" it walks over all that are shown. PostgreSQL keeps its statistics itself.
"""

from __future__ import annotations

import time

from django.db import connection

PAUSE_SECONDS = 600.0
ROWS_READ = 1000
"""Read of each index at most, so that the cost does not grow with the library."""
_renewed_at: float | None = None


def renew() -> None:
    """Have the planner read samples of all indexes; nothing on other databases, nor within ten minutes of the last."""
    global _renewed_at
    now = time.monotonic()
    if connection.vendor != "sqlite" or (_renewed_at is not None and now < _renewed_at + PAUSE_SECONDS):
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA analysis_limit = {ROWS_READ}")
        cursor.execute("ANALYZE")
    _renewed_at = now


def forget() -> None:
    """Renew at the next call, however soon."""
    global _renewed_at
    _renewed_at = None
