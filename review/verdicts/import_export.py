"""Verdicts as files: CSV for spreadsheets, JSON for programs. What is written can be read again, elsewhere too."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from gallery.audit_events import Action, Many, log_act
from gallery.batches import BATCH, batches
from jobs.errors import from_json
from review.evidence.csv_safety import guard, unguard
from review.exceptions import VerdictError
from review.models import Verdict
from review.queues.withdraw import heed_pairs
from review.verdicts.record import make

COLUMNS = ("first_sha256", "second_sha256", "verdict", "note", "author", "decided_at", "state")
NEEDED = COLUMNS[:3]
CSV_SUFFIX, JSON_SUFFIX = ".csv", ".json"
Record = Mapping[str, Any]
Place = tuple[Literal["line", "verdict"], int]


class Output(Protocol):
    """What text can be written to."""

    def write(self, text: str, /) -> object: ...


def read_file(path: Path, author: str) -> list[Verdict]:
    """Read all verdicts of a file, and check each; nothing is recorded.

    Parameters
    ----------
    path : a `.csv` or `.json` file as `write_csv` and `write_json` make them; only the columns NEEDED must be there
    author : name of the author where the file says none

    Raises
    ------
    VerdictError : not such a file, or a row that cannot be recorded, by its number
    OSError : the file cannot be read
    """
    readers = {CSV_SUFFIX: _read_csv, JSON_SUFFIX: _read_json}
    if path.suffix.lower() not in readers:
        raise VerdictError("no_verdict_file", name=path.name)
    try:
        records = list(readers[path.suffix.lower()](path))
    except (UnicodeDecodeError, csv.Error, json.JSONDecodeError) as error:
        raise VerdictError("file_unreadable_as_kind", name=path.name, why=str(error)) from error
    found = []
    for (kind, number), record in records:
        try:
            found.append(_verdict(record, author))
        except VerdictError as error:
            about = {"kind": kind, "number": number, "code": error.code, "params": error.params}
            raise VerdictError("row_refused", **about) from error
    return found


def _read_csv(path: Path) -> Iterator[tuple[Place, Record]]:
    with path.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets put a byte order mark first
        reader = csv.DictReader(file, strict=True)
        missing = [column for column in NEEDED if column not in (reader.fieldnames or ())]
        if missing:
            raise VerdictError("columns_missing", needed=NEEDED, missing=missing)
        for row in reader:
            # Cells beyond the columns stand under None.
            yield ("line", reader.line_num), {key: unguard(value or "") for key, value in row.items() if key}


def _read_json(path: Path) -> Iterator[tuple[Place, Record]]:
    document = json.loads(path.read_text(encoding="utf-8"))
    listed = document.get("verdicts") if isinstance(document, dict) else document
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise VerdictError("no_list_of_verdicts")
    for number, each in enumerate(listed, 1):
        yield ("verdict", number), each


def _verdict(record: Record, author: str) -> Verdict:
    texts = {column: record.get(column) or "" for column in COLUMNS}
    wrong = [name for name, value in texts.items() if name != "state" and not isinstance(value, str)]
    if wrong:
        raise VerdictError("no_text", columns=wrong)
    return make(
        texts["first_sha256"],
        texts["second_sha256"],
        texts["verdict"].strip(),
        author_name=texts["author"] or author,
        note=texts["note"],
        decided_at=_moment(texts["decided_at"]),
        state=_state(texts["state"]),
    )


def _moment(text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        moment = parse_datetime(text.strip())
        if moment is not None:
            # As it is stored: at either end of time, an offset leads to hours that there are not.
            return (timezone.make_aware(moment) if timezone.is_naive(moment) else moment).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise VerdictError("no_time", column="decided_at", got=text)


def _state(value: Any) -> Mapping[str, Any]:
    try:
        state = json.loads(value) if isinstance(value, str) and value.strip() else value or {}
    except json.JSONDecodeError:
        state = None
    if not isinstance(state, dict):
        raise VerdictError("no_object", column="state")
    return state


def record_all(verdicts: Iterable[Verdict]) -> tuple[int, int]:
    """Record verdicts, all or none; those that are known already are left out.

    Authors who have an account here under the same name are linked to it.

    Returns
    -------
    recorded, known : how many were new, and how many were not
    """
    listed = list(verdicts)
    names = {verdict.author_name for verdict in listed}
    accounts = {user.get_username(): user for user in get_user_model().objects.filter(username__in=names)}
    with transaction.atomic():
        known = {_key(verdict) for verdict in _stored(listed)}
        fresh: dict[tuple[Any, ...], Verdict] = {}
        for verdict in listed:
            verdict.author = accounts.get(verdict.author_name)
            if _key(verdict) not in known:
                fresh.setdefault(_key(verdict), verdict)
        Verdict.objects.bulk_create(fresh.values(), batch_size=BATCH)
        # By hand: rows made in bulk send no post_save, by which queues hear of verdicts.
        heed_pairs({(verdict.first_sha256, verdict.second_sha256) for verdict in fresh.values()})
        if fresh:
            authors = sorted({verdict.author_name for verdict in fresh.values()})
            log_act(None, Action.VERDICT, Many("verdicts", len(fresh)), act="import", authors=authors)
    return len(fresh), len(listed) - len(fresh)


def _stored(verdicts: list[Verdict]) -> Iterator[Verdict]:
    """Yield the verdicts on the first images of these."""
    hashes = sorted({verdict.first_sha256 for verdict in verdicts})
    for part in batches(hashes):
        yield from Verdict.objects.filter(first_sha256__in=part).defer("note", "state")


def _key(verdict: Verdict) -> tuple[Any, ...]:
    return verdict.first_sha256, verdict.second_sha256, verdict.author_name, verdict.kind, verdict.decided_at


def as_record(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as `read_file` reads it, with words for why methods said nothing: others know no codes."""
    return {
        "first_sha256": verdict.first_sha256,
        "second_sha256": verdict.second_sha256,
        "verdict": verdict.kind,
        "note": verdict.note,
        "author": verdict.author_name,
        "decided_at": verdict.decided_at.isoformat(),
        "state": _in_words(verdict.state),
    }


def _in_words(state: Mapping[str, Any]) -> dict[str, Any]:
    methods = state.get("methods")
    if not isinstance(methods, Mapping):
        return dict(state)
    said = {
        name: {**about, "missing": str(from_json(about["missing"]) or "")}
        for name, about in methods.items()
        if isinstance(about, Mapping) and "missing" in about
    }
    return {**state, "methods": {**methods, **said}}


def write_csv(file: Output, verdicts: Iterable[Verdict]) -> int:
    """Write verdicts, one a line after a line of names; returns how many."""
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    num_written = 0
    for verdict in verdicts:
        record = as_record(verdict)
        record["state"] = json.dumps(record["state"]) if record["state"] else ""
        writer.writerow({column: guard(value) for column, value in record.items()})
        num_written += 1
    return num_written


def write_json(file: Output, verdicts: Iterable[Verdict]) -> int:
    """Write verdicts as one object with a list of them, a line each; returns how many."""
    file.write('{"verdicts": [')
    num_written = 0
    for verdict in verdicts:
        file.write(",\n" if num_written else "\n")
        file.write(json.dumps(as_record(verdict), ensure_ascii=False))
        num_written += 1
    file.write("\n]}\n")
    return num_written
