"""What came of a queue: who read how many, how far the readers agree, and all of it as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.models import User as Account
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from gallery.audit_events import Action, log_act
from gallery.people.permissions import requires
from gallery.people.roles import Role
from review.evidence.files import csv_text, download
from review.models import Queue, QueuedPair, Reading, Verdict
from review.queues.access import queues_for
from review.queues.assign import for_eyes_of
from review.queues.progress import KINDS, ReaderComparison, comparisons_of
from review.views.queues import lines_of, managed
from search.public.presentation import make_mix

if TYPE_CHECKING:
    from django.contrib.auth.models import User

BATCH = 500
COLUMNS = ("position", "first_sha256", "second_sha256", "score", "state", "decided_at")
READINGS = ("reader", "verdict", "note", "decided_at")
SLOTS = {1: "first", 2: "second", 3: "adjudicator"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table of two readers' verdicts."""

    label: str
    cells: list[tuple[int, bool]]  # how many pairs, and whether both said the same


@require_safe
@requires(Role.REVIEWER)
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far a queue is, how its readers agree, and how it was gathered."""
    user = cast("User", request.user)
    queue = get_object_or_404(queues_for(user).select_related("collection", "asked_by"), pk=pk)
    (line,) = lines_of(user, [queue])
    comparisons = comparisons_of(queue) if queue.two_readers else []
    context = {
        "queue": queue,
        "line": line,
        "comparisons": comparisons,
        "kinds": [Verdict.Kind(kind).label for kind in KINDS],
        "rows": _rows(comparisons[0]) if comparisons else [],
        "mix": make_mix(queue.parameters.get("weights", {})) if queue.parameters.get("weights") else [],
    }
    return render(request, "review/queue_report.html", context)


@require_POST
@requires(Role.REVIEWER)
def export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send a queue's pairs and readings as CSV; what blind readers decided stays out until both have."""
    user = cast("User", request.user)
    queue, taken_at = managed(user, pk), timezone.now()
    with transaction.atomic():
        log_act(user, Action.EXPORT, queue.name, queue=queue.pk, format="csv", pairs=queue.num_pairs)
    names = [*COLUMNS, *(f"{slot}_{name}" for slot in SLOTS.values() for name in READINGS)]
    return download(f"queue-{queue.pk}", "csv", csv_text(names, _batches(queue, user)), taken_at)


def _rows(comparison: ReaderComparison) -> list[Row]:
    return [
        Row(str(Verdict.Kind(kind).label), [(number, row == column) for column, number in enumerate(numbers)])
        for row, (kind, numbers) in enumerate(zip(KINDS, comparison.table, strict=True))
    ]


def _batches(queue: Queue, user: Account) -> Iterator[Sequence[dict[str, Any]]]:
    """Yield the pairs that a person may see, in the order of the queue, with their readings; two queries a batch."""
    position = 0
    pairs = for_eyes_of(QueuedPair.objects.filter(queue=queue), user).order_by("position")
    while batch := list(pairs.filter(position__gt=position)[:BATCH]):
        readings: dict[int, list[Reading]] = {}
        decided = Reading.objects.filter(pair__in=batch, verdict__isnull=False).select_related("verdict", "reader")
        for each in decided:
            readings.setdefault(each.pair_id, []).append(each)
        yield [_record(queue, pair, readings.get(pair.pk, [])) for pair in batch]
        position = batch[-1].position


def _record(queue: Queue, pair: QueuedPair, readings: list[Reading]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "position": pair.position,
        "first_sha256": pair.first_sha256,
        "second_sha256": pair.second_sha256,
        "score": round(pair.score, 4),
        "state": pair.state,
        "decided_at": pair.decided_at.isoformat() if pair.decided_at else "",
    }
    # Blind: nobody learns what one of them said.
    if queue.two_readers and pair.state == QueuedPair.State.OPEN and queue.is_open:
        return record
    for each in readings:
        if each.verdict is not None and each.decided_at is not None:
            values = (each.reader.get_username(), each.verdict.kind, each.verdict.note, each.decided_at.isoformat())
            record |= {f"{SLOTS[each.slot]}_{name}": value for name, value in zip(READINGS, values, strict=True)}
    return record
