"""When a day begins and ends here, also the first and the last that there are."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.utils.timezone import make_aware


def beginning(day: date) -> datetime:
    """Return the midnight with which a day begins."""
    return make_aware(datetime.combine(day, time.min))


def end(day: date) -> datetime:
    """Return the midnight with which a day ends, or the last moment that there is."""
    return beginning(day + timedelta(days=1)) if day < date.max else datetime.max.replace(tzinfo=UTC)
