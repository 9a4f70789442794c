"""Verdicts as evidence: each with the files it is about and everything it rested on when it was made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from review.evidence.numbers import ShownMethod, flat, method_columns, method_rows
from review.evidence.thumbnails import data_address
from review.models import Verdict
from review.verdicts.import_export import COLUMNS, as_record
from review.verdicts.listing import ListedVerdict, entries, page_after

if TYPE_CHECKING:
    from django.contrib.auth.models import User

BATCH = 500
PICTURED = 2000
"""Verdicts of a report that are shown with pictures: with more of them no browser could open it."""


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """A verdict as the report shows it."""

    entry: ListedVerdict
    methods: list[ShownMethod]
    pictures: list[str]  # addresses of the two thumbnails; empty: this one is shown without

    @property
    def thresholds(self) -> dict[str, Any]:
        found: dict[str, Any] = self.entry.verdict.state.get("thresholds") or {}
        return found


def batches(user: User, verdicts: QuerySet[Verdict], until: int) -> Iterator[list[ListedVerdict]]:
    """Yield these verdicts with their images, newest first; each batch is a query of its own and holds no lock.

    They are read as of the verdict of that number: who decides again meanwhile takes nothing out of the file.
    """
    mark = ""
    while True:
        rows, mark = page_after(verdicts, mark, BATCH, until)
        yield entries(user, rows)
        if not mark:
            return


def columns() -> list[str]:
    """Return the columns of the CSV file; `import_verdicts` reads it, too."""
    about = ["number", "first_image", "first_name", "second_image", "second_name", "counts", "score", "generation"]
    limits = ["background", "score_at_least", "score_at_most"]
    # The state last: it is long, and a spreadsheet would push all others out of sight.
    return [*COLUMNS[:-1], *about, *limits, *method_columns(), COLUMNS[-1]]


def document(entry: ListedVerdict) -> dict[str, Any]:
    """Return a verdict as `review.verdicts.import_export` writes it, with what is known of the images now."""
    about: dict[str, Any] = {"number": entry.verdict.pk, "counts": not entry.replaced}
    for name, image in (("first", entry.first), ("second", entry.second)):
        about |= {f"{name}_image": image.pk if image else None, f"{name}_name": image.original_name if image else ""}
    return as_record(entry.verdict) | about


def row(entry: ListedVerdict) -> dict[str, Any]:
    """Return a verdict as a line of the CSV file."""
    state = entry.verdict.state
    limits = state.get("thresholds") or {}
    numbers = flat(state.get("methods") or {}, state.get("versions") or {})
    about = {name: state.get(name) for name in ("score", "generation", "background")}
    about |= {"score_at_least": limits.get("min"), "score_at_most": limits.get("max")}
    found = document(entry)
    return found | about | numbers | {"state": json.dumps(found["state"]) if state else ""}


def lines(user: User, verdicts: QuerySet[Verdict], until: int) -> Iterator[Sequence[VerdictLine]]:
    """Yield the lines of the report, by batches."""
    num_rows = 0
    for batch in batches(user, verdicts, until):
        yield [_line(entry, pictured=num_rows + place < PICTURED) for place, entry in enumerate(batch)]
        num_rows += len(batch)


def _line(entry: ListedVerdict, *, pictured: bool) -> VerdictLine:
    state = entry.verdict.state
    images = (entry.first, entry.second) if pictured else ()
    pictures = [data_address(image.sha256) if image else "" for image in images]
    return VerdictLine(entry, method_rows(state.get("methods") or {}, state.get("versions") or {}), pictures)
