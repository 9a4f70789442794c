"""Describing an uploaded query as background work of the interactive worker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings

from gallery.decoding import Refused
from jobs.guard import PutOffError
from jobs.job import job
from jobs.progress import Progress
from search.exceptions import QueryError, QueryFileError
from search.features import extraction, stored_vectors
from search.models import Query

PAUSE = timedelta(seconds=5)
"""How long a query is left alone whose file cannot be opened."""


@job(Query, queue=settings.QUEUE_INTERACTIVE, name="query")
def uploaded_query(row: Query, progress: Progress[Query]) -> dict[str, Any]:
    """Compute the vectors of an uploaded query; where some methods failed, the row that is ready says why."""
    try:
        described = extraction.describe_query(row)
    # Final, since the same bytes are refused again. A file that is away may come back, so it is put off; only a few
    # times, because somebody waits in front of the page.
    except Refused as refusal:
        raise QueryError(refusal.reason) from refusal
    except QueryFileError as error:
        raise PutOffError(error.code, pause=PAUSE) from error
    # Ready all the same: what did answer can be searched by, and the row says why the rest did not.
    found: dict[str, Any] = {"vectors": stored_vectors.pack_query(described.vectors)}
    if described.reason:
        found |= {"error_code": described.reason.code, "error_params": described.reason.params}
    return found
