"""Verifying the audit log: every row against its hash, its number and the hash of the row before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs.errors import sentence
from review.audit import anchors, triggers
from review.audit.chain import ChainEnd
from review.audit.hashing import FIRST, row_hash
from review.models import AuditRow

CHUNK = 2000
MOST_FAULTS = 20
"""Faults told one by one; a chain that is broken in more places is broken."""
HASHED_FIELDS = ("number", "happened_at", "actor_id", "actor_name", "action", "subject", "details", "previous_hash")


@dataclass(frozen=True, slots=True)
class AuditFault:
    """One thing that is wrong: at which row, of which kind, and the code of what that means."""

    number: int
    kind: str  # changed, missing, inserted, broken, cut, unguarded
    code: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What is wrong, in the reader's language."""
        return sentence(self.code, self.params)


@dataclass(slots=True)
class AuditReport:
    """What a check found."""

    end: ChainEnd = field(default_factory=ChainEnd)
    num_rows: int = 0
    num_faults: int = 0
    faults: list[AuditFault] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        return not self.num_faults

    def add(self, fault: AuditFault) -> None:
        """Note a fault; only the first ones in words."""
        self.num_faults += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)


def verify(known: Sequence[ChainEnd] = (), tell: Callable[[int], None] = lambda _num_rows: None) -> AuditReport:
    """Check the whole chain, a few rows in memory at a time.

    Parameters
    ----------
    known : ends of the chain that were written down elsewhere; these and the anchors on file must still be rows of it
    tell : told after every CHUNK rows how many were checked

    Returns
    -------
    report : intact, or the faults in the order of the rows; the order of rows is that of their numbers
    """
    rows = AuditRow.objects.order_by("number").values(*HASHED_FIELDS, "hash").iterator(chunk_size=CHUNK)
    report = check(rows, [*anchors.anchored(), *known], tell)
    for table in triggers.missing():
        report.add(AuditFault(0, "unguarded", "audit_unguarded", {"table": table}))
    return report


def check(
    rows: Iterable[dict[str, Any]],
    known: Sequence[ChainEnd] = (),
    tell: Callable[[int], None] = lambda _num_rows: None,
) -> AuditReport:
    """Check rows in the order of their numbers, as `verify` does.

    Parameters
    ----------
    rows : fields of `AuditRow` by name, ascending numbers
    known : ends of the chain that were written down earlier
    tell : see `verify`

    Returns
    -------
    report : see `verify`
    """
    report = AuditReport()
    wanted: dict[int, set[str]] = {}
    for each in known:
        wanted.setdefault(each.number, set()).add(each.hash)
    for row in rows:
        for fault in _faults(row, report.end):
            report.add(fault)
        # Several anchors may name one number: all of them must be this row's.
        if wanted.pop(row["number"], {row["hash"]}) != {row["hash"]}:
            report.add(AuditFault(row["number"], "changed", "audit_hash_differs"))
        report.end = ChainEnd(row["number"], row["hash"])
        report.num_rows += 1
        if report.num_rows % CHUNK == 0:
            tell(report.num_rows)
    for number in sorted(wanted):
        if (number, wanted[number]) != (0, {FIRST}):  # the end of a log without rows vouches for nothing
            report.add(AuditFault(number, "cut", "audit_end_gone"))
    return report


def _faults(row: dict[str, Any], last: ChainEnd) -> Iterator[AuditFault]:
    """Yield what is wrong with one row, given the end of the chain before it."""
    number = row["number"]
    if number > last.number + 1:
        yield AuditFault(number, "missing", "audit_rows_missing", {"expected": last.number + 1})
    elif number <= last.number:
        yield AuditFault(number, "inserted", "audit_row_inserted", {"expected": last.number + 1})
    if row_hash(**{name: row[name] for name in HASHED_FIELDS}) != row["hash"]:
        yield AuditFault(number, "changed", "audit_row_changed")
    if row["previous_hash"] != last.hash and number == last.number + 1:  # behind a gap it cannot fit
        yield AuditFault(number, "broken", "audit_link_broken")
