"""Rows of the audit log: filtered, newest first, in pages that begin after a row, and as files to export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from gallery import keyset
from gallery.audit_events import Action
from gallery.days import beginning, end
from gallery.forms import read_id
from review.audit.chain import MAX_SUBJECT
from review.audit.hashing import row_hash
from review.audit.verify import HASHED_FIELDS
from review.models import AuditRow
from review.verdicts.record import MAX_AUTHOR

BATCH = 2000
COLUMNS = (*HASHED_FIELDS, "hash")


class AuditFilterForm(forms.Form):
    """The filters of the audit, all of them in the URL."""

    person = forms.CharField(label=_("Person"), required=False, max_length=MAX_AUTHOR)
    act = forms.ChoiceField(label=_("Act"), required=False, choices=[("", _("All acts")), *Action.choices])
    subject = forms.CharField(label=_("Subject"), required=False, max_length=MAX_SUBJECT)
    since = forms.DateField(label=_("From"), required=False)
    until = forms.DateField(label=_("Until"), required=False)

    def rows(self) -> QuerySet[AuditRow]:
        """Return the rows that pass every filter that could be read; the others show their error."""
        self.is_valid()
        chosen = self.cleaned_data
        rows = AuditRow.objects.order_by("-number")
        if person := chosen.get("person"):
            rows = rows.filter(actor_name=person)
        if act := chosen.get("act"):
            rows = rows.filter(action=act)
        if subject := chosen.get("subject"):
            rows = rows.filter(subject__icontains=subject)
        if since := chosen.get("since"):
            rows = rows.filter(happened_at__gte=beginning(since))
        if until := chosen.get("until"):
            rows = rows.filter(happened_at__lt=end(until))
        return rows

    def is_filtering(self) -> bool:
        """Tell whether any filter is set."""
        return any(self.data.get(name) for name in self.fields)

    def query(self) -> dict[str, str]:
        """Return the filters that are set, as the URL carries them."""
        return {name: self.data[name] for name in self.fields if self.data.get(name)}


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A row as the page shows it, and whether it still says what its hash covers."""

    row: AuditRow
    sound: bool


def page_after(rows: QuerySet[AuditRow], mark: str, size: int) -> tuple[list[AuditLine], int]:
    """Return the rows of one page, newest first, and the number that the next page begins after; 0: none follows.

    Parameters
    ----------
    rows : in any order
    mark : number that this page begins after; empty or unreadable: the first page
    size : of the page
    """
    before = read_id(mark)
    page = keyset.page_after(rows, size, ["-number"], [before] if before else None)
    # Each row shown is checked as well: the last check of all may be a day old.
    lines = [
        AuditLine(row, row_hash(**{name: getattr(row, name) for name in HASHED_FIELDS}) == row.hash)
        for row in page.rows
    ]
    return lines, page.last.number if page.last else 0


def batches(rows: QuerySet[AuditRow]) -> Iterator[list[dict[str, Any]]]:
    """Yield rows oldest first, so many at a time as fit into memory; JSON data only."""
    after = 0
    while found := list(rows.filter(number__gt=after).order_by("number").values(*COLUMNS)[:BATCH]):
        for row in found:
            row["happened_at"] = _text(row["happened_at"])
        yield found
        after = found[-1]["number"]


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
