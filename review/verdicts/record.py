"""Recording verdicts on pairs of images, and reading those in force."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from gallery.audit_events import Action, log_act
from gallery.models import HASH_LENGTH
from review.exceptions import VerdictError
from review.models import MAX_NOTE, Verdict

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_AUTHOR = 150
HASH = re.compile(rf"[0-9a-f]{{{HASH_LENGTH}}}")


def sorted_pair(one: str, other: str) -> tuple[str, str]:
    """Return the key of a pair of images, the same whichever comes first.

    Raises
    ------
    VerdictError : not two different SHA-256 sums
    """
    pair = sorted((one.strip().lower(), other.strip().lower()))
    for sha256 in pair:
        if not HASH.fullmatch(sha256):
            raise VerdictError("no_hash", got=sha256)
    if pair[0] == pair[1]:
        raise VerdictError("one_image_twice", sha256=pair[0])
    return pair[0], pair[1]


def make(
    one: str,
    other: str,
    kind: str,
    *,
    author: User | None = None,
    author_name: str = "",
    note: str = "",
    decided_at: datetime | None = None,
    state: Mapping[str, Any] | None = None,
    adjudicates: bool = False,
) -> Verdict:
    """Return a checked verdict that is not yet recorded; see `record`."""
    first, second = sorted_pair(one, other)
    if kind not in Verdict.Kind.values:
        raise VerdictError("unknown_verdict", kind=str(kind), expected=list(Verdict.Kind.values))
    name = (author.get_username() if author else author_name).strip()
    if not 0 < len(name) <= MAX_AUTHOR:
        raise VerdictError("no_author", most=MAX_AUTHOR, name=name[:MAX_AUTHOR])
    if len(note) > MAX_NOTE:
        raise VerdictError("note_too_long", most=MAX_NOTE, num=len(note))
    moment = decided_at or timezone.now()
    fields = {"kind": kind, "note": note, "author": author, "author_name": name, "state": dict(state or {})}
    return Verdict(first_sha256=first, second_sha256=second, decided_at=moment, adjudicates=adjudicates, **fields)


def record(one: str, other: str, kind: str, **about: Any) -> Verdict:
    """Record a decision about a pair of images; what was decided before stays, but counts no more.

    Parameters
    ----------
    one, other : SHA-256 of the two images, in any order
    kind : one of `Verdict.Kind`
    about : `author` (an account) or `author_name`, `note`, `decided_at` (default now), `state` (what it rests on),
        `adjudicates` (whether it settles what others are split about)

    Raises
    ------
    VerdictError : not two images, unknown kind, nameless author, note too long; nothing is recorded then
    """
    verdict = make(one, other, kind, **about)
    with transaction.atomic():
        verdict.save()
        pair = f"{verdict.first_sha256} {verdict.second_sha256}"
        log_act(verdict.author, Action.VERDICT, pair, verdict=verdict.pk, kind=verdict.kind, author=verdict.author_name)
    return verdict


def current() -> QuerySet[Verdict]:
    """Return the verdicts that count: of each pair and author the newest."""
    return Verdict.objects.filter(~replaced())


def newest_number() -> int:
    """Return the number of the newest verdict; whoever reads many one after the other reads as of it. One query."""
    return Verdict.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def replaced(until: int | None = None) -> Exists:
    """Return the condition that its author has decided again since, or had by the verdict of that number."""
    later = Q(decided_at__gt=OuterRef("decided_at")) | Q(decided_at=OuterRef("decided_at"), pk__gt=OuterRef("pk"))
    same = {name: OuterRef(name) for name in ("first_sha256", "second_sha256", "author_name")}
    rows = Verdict.objects.filter(later, **same)
    return Exists(rows if until is None else rows.filter(pk__lte=until))
