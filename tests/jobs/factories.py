"""One row of each kind of background work, waiting: all that a kind supplies to be tested by `test_contract.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from review.comparing import rows as comparing_rows
from review.duplicates import schedule
from review.models import AuditCheck, DuplicateBulk
from review.queues import create
from search.evaluation import runs
from search.models import Generation, MapDrawing, Query
from search.weights import learning_job

WAITING: dict[str, Callable[[], Any]] = {
    "audit_check": AuditCheck.objects.create,
    "comparison": lambda: comparing_rows.want(uuid4().hex * 2, uuid4().hex * 2)[0],
    "duplicate_bulk": lambda: DuplicateBulk.objects.create(kind="keep_all", plan=[], author_name="ada"),
    "duplicate_scan": schedule.ask,
    "generation": Generation.objects.create,
    "map_drawing": MapDrawing.objects.create,
    "query": lambda: Query.objects.create(sha256="0" * 64, original_name="a.png"),
    "evaluation": lambda: runs.ask("labels", None, None),
    "queue": lambda: create.ask("search", None, name="herons", wanted=10, address="image=1"),
    "weight_set": lambda: learning_job.ask(["labels"]),
}
"""By the name of the kind; each makes a new row."""
