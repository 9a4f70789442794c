"""Who holds a row, and until when: a token that names the worker's place, and which rows are free.

A worker that ends without a word leaves its rows held. They are freed when their time is over, or at once by its
successor, which starts in the same place.
"""

from __future__ import annotations

import os
import socket
import uuid
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db.models import Case, F, JSONField, Q, Value, When
from django.utils import timezone

from jobs.errors import WORKER_LOST
from jobs.rows import JobState

LONG_WORK_SECONDS = 900.0
"""How long a worker may be silent at work that takes minutes: loading a network alone takes one of them."""
WORKER_VARIABLE = "LIKENESS_WORKER"
"""Environment variable in which the supervisor names the place of a worker, the same for its successor."""


def take_place() -> None:
    """Name this process's place for the children that it will fork, unless its parent named it."""
    os.environ.setdefault(WORKER_VARIABLE, _place_of_process())


def new_token() -> uuid.UUID:
    """Return the name of a new lease: eight bytes of the worker's place, eight of its own."""
    return uuid.UUID(bytes=_place() + os.urandom(8))


def tokens_of_place() -> tuple[uuid.UUID, uuid.UUID]:
    """Return the first and the last name that a lease of this place can have."""
    # Both SQLite's text and PostgreSQL's type sort UUIDs as their hex digits, so a range finds all of one place.
    first = int.from_bytes(_place() + bytes(8), "big")
    return uuid.UUID(int=first), uuid.UUID(int=first + 2**64 - 1)


def lease_end(seconds: float | None = None) -> datetime:
    """Return the end of a lease that begins now."""
    return timezone.now() + timedelta(seconds=settings.ENV.lease_seconds if seconds is None else seconds)


def expired() -> Q:
    """Select rows that were held too long, or that rested long enough in nobody's hands."""
    return Q(state=JobState.RUNNING, leased_until__lt=timezone.now())


def claimable() -> Q:
    """Select rows that may be claimed, their states first: few rows of an index are in any of the two."""
    either = Q(state=JobState.WAITING) | expired()
    states = [JobState.WAITING, JobState.RUNNING]
    return Q(state__in=states) & either & Q(attempts__lt=settings.ENV.max_attempts)


def given_up() -> dict[str, Any]:
    """Return what an update writes on rows that nobody holds any more: they wait again, or fail after many attempts."""
    most = settings.ENV.max_attempts

    def chosen(failed: Any, waiting: Any) -> Case:
        return Case(When(attempts__gte=most, then=failed), default=waiting)

    # Expressions, so that one statement decides for millions of rows and no row is read for it.
    return {
        "state": chosen(Value(JobState.FAILED), Value(JobState.WAITING)),
        "error_code": chosen(Value(WORKER_LOST), F("error_code")),
        "error_params": chosen(Value({"attempts": most}, JSONField()), F("error_params")),
        "lease": None,
        "leased_until": None,
    }


def _place() -> bytes:
    place = os.environ.get(WORKER_VARIABLE) or _place_of_process()
    return sha256(place.encode()).digest()[:8]


def _place_of_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
