"""Files of evidence, written as they are sent: however many rows there are, a batch is held at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from io import StringIO
from typing import Any, Literal

from django.conf import settings
from django.http import StreamingHttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from review.evidence.csv_safety import guard

Format = Literal["csv", "json", "html"]
TYPES: dict[Format, str] = {"csv": "text/csv", "json": "application/json", "html": "text/html"}
ROWS = "<!-- rows -->"
# Reports carry their style and pictures.
SANDBOX = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"
Batches = Iterable[Sequence[Mapping[str, Any]]]


def csv_text(columns: Sequence[str], batches: Batches) -> Iterator[str]:
    """Yield a line of names and a line per row; what is not named is left out, and nothing is a formula.

    Parameters
    ----------
    columns : the names, in order
    batches : rows, by batches that fit into memory; what a row does not have is an empty cell
    """
    yield "\ufeff"  # or spreadsheets take the text for that of another alphabet
    buffer = StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for batch in batches:
        for row in batch:
            cells = map(row.get, columns)
            writer.writerow([guard(cell) if isinstance(cell, str) else cell for cell in cells])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def json_text(head: Mapping[str, Any], name: str, batches: Batches) -> Iterator[str]:
    """Yield one object: what `head` says, and under `name` the list of rows, a line each."""
    # Without the line end and brace that close the object: the rows come before them.
    yield json.dumps(dict(head), ensure_ascii=False, indent=1)[:-2] + f',\n "{name}": ['
    before = "\n"
    for batch in batches:
        lines = [json.dumps(row, ensure_ascii=False) for row in batch]
        if lines:
            yield before + ",\n".join(lines)
            before = ",\n"
    yield "\n]}\n"


def report_text(
    head: Mapping[str, Any], template: str, batches: Iterable[Sequence[Any]], words: Callable[[int], str]
) -> Iterator[str]:
    """Yield a page to print: one file with its style and pictures in it, and without any script.

    Parameters
    ----------
    head : context of `review/report.html`
    template : draws a batch, its context variable `rows`
    words : returns the last line, of the number of rows
    """
    style = (settings.STATICFILES_DIRS[0] / "css" / "report.css").read_text()
    # Drawn once and cut at the marker, so that the rows are sent between the halves while they are drawn.
    above, below = render_to_string("review/report.html", {**head, "style": style, "rows": ROWS}).split(ROWS)
    yield above
    num_rows = 0
    for batch in batches:
        num_rows += len(batch)
        yield render_to_string(template, {"rows": batch})
    yield below.replace("<!-- words -->", words(num_rows))


def download(name: str, form: Format, text: Iterator[str], taken_at: datetime) -> StreamingHttpResponse:
    """Send a file as it is written; no browser opens it within the site."""
    response = StreamingHttpResponse(text, content_type=f"{TYPES[form]}; charset=utf-8")
    moment = f"{timezone.localtime(taken_at):%Y%m%d-%H%M%S}"
    response["Content-Disposition"] = f'attachment; filename="{name}-{moment}.{form}"'
    response["Content-Security-Policy"] = SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
