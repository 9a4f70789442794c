"""The verdicts that a person may read, filtered, newest first, in pages that begin after a verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from django.db.models import Exists, OuterRef, Q, QuerySet

from gallery import keyset
from gallery.forms import read_id
from gallery.models import Collection, Image
from gallery.people.permissions import permissions_of
from review.models import Verdict
from review.verdicts.blinding import waiting
from review.verdicts.consensus import STANCES, Ballot, Pair, ballots, summarize
from review.verdicts.record import current, replaced

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django_stubs_ext import WithAnnotations

    class ReplacedFlag(TypedDict):
        is_replaced: bool

    Listed: TypeAlias = WithAnnotations[Verdict, ReplacedFlag]

NEWEST_FIRST = ("-decided_at", "-pk")
MAX_SPLIT = 1000
"""Pairs that need another opinion are counted up to this many."""


@dataclass(frozen=True, slots=True)
class ListedVerdict:
    """A verdict with its images as one person may see them; None: not in the library now, or not for this person."""

    verdict: Verdict
    first: Image | None
    second: Image | None
    replaced: bool  # its author has decided again since

    @property
    def pair(self) -> Pair:
        return self.verdict.first_sha256, self.verdict.second_sha256

    @property
    def score(self) -> int | None:
        """Return the fused score that it was made at, in hundredths."""
        score = self.verdict.state.get("score")
        return round(100 * score) if isinstance(score, int | float) else None

    @property
    def generation(self) -> Any:
        return self.verdict.state.get("generation")


def visible_verdicts(user: User, among: QuerySet[Verdict] | None = None) -> QuerySet[Verdict]:
    """Return the verdicts on pairs of which a person may see both images, and this person's own; admins' are all.

    What others decided about a pair that two read blind is kept back, see `review.verdicts.blinding`.
    """
    same = {name: OuterRef(name) for name in ("first_sha256", "second_sha256")}
    verdicts = (Verdict.objects.all() if among is None else among).filter(
        ~Exists(waiting().filter(**same)) | Q(author=user)
    )
    if permissions_of(user).sees_all:
        return verdicts
    seen = Image.objects.visible_to(user)
    both = [Exists(seen.filter(sha256=sha256)) for sha256 in same.values()]
    return verdicts.filter(Q(*both) | Q(author=user))


def within(verdicts: QuerySet[Verdict], collection: Collection) -> QuerySet[Verdict]:
    """Keep the verdicts on pairs of which both images are in a collection."""
    members = Image.objects.filter(collections=collection)
    both = [Exists(members.filter(sha256=OuterRef(name))) for name in ("first_sha256", "second_sha256")]
    return verdicts.filter(*both)


def split_pairs(user: User) -> list[Pair]:
    """Return the pairs that a person may see about which people are split, up to MAX_SPLIT. One database query.

    Asked in the order of what it costs: on which pairs several people decided, by an index alone; which of them say
    different things; what of that may be seen.
    """
    same = {name: OuterRef(name) for name in ("first_sha256", "second_sha256")}
    others = Verdict.objects.filter(**same).exclude(author_name=OuterRef("author_name"))
    several = Verdict.objects.filter(Exists(others)).order_by().values("pk")
    against = others.filter(kind__in=list(STANCES)).exclude(kind=OuterRef("kind"))
    disputed = Verdict.objects.filter(Exists(against), pk__in=several, kind__in=list(STANCES)).order_by().values("pk")
    among = Verdict.objects.filter(~replaced(), pk__in=disputed)
    found: defaultdict[Pair, list[Ballot]] = defaultdict(list)
    for pair, ballot in ballots(visible_verdicts(user, among)):
        found[pair].append(ballot)
    return sorted(pair for pair, given in found.items() if summarize(given).split)[:MAX_SPLIT]


def on_pairs(verdicts: QuerySet[Verdict], pairs: Sequence[Pair]) -> QuerySet[Verdict]:
    """Keep the verdicts on these pairs, at most MAX_SPLIT of them."""
    wanted = set(pairs)
    firsts = [first for first, _second in wanted]
    # The first image narrows by an index; that both are a pair is seen here, as not every database compares pairs.
    rows = current().filter(first_sha256__in=firsts).order_by().values_list("pk", "first_sha256", "second_sha256")
    return verdicts.filter(pk__in=[pk for pk, first, second in rows if (first, second) in wanted])


def entries(user: User, verdicts: Sequence[Listed]) -> list[ListedVerdict]:
    """Return verdicts with their images; annotated with `is_replaced`. One database query."""
    hashes = {sha256 for each in verdicts for sha256 in (each.first_sha256, each.second_sha256)}
    images = {image.sha256: image for image in Image.objects.visible_to(user).filter(sha256__in=hashes)}
    return [
        ListedVerdict(each, images.get(each.first_sha256), images.get(each.second_sha256), each.is_replaced)
        for each in verdicts
    ]


def page_after(verdicts: QuerySet[Verdict], mark: str, size: int, until: int | None = None) -> tuple[list[Listed], str]:
    """Return the verdicts of one page, newest first, and the mark of the page after it; empty when there is none.

    Parameters
    ----------
    verdicts : in any order
    mark : of the page; empty or unreadable: the first
    size : of the page
    until : see `review.verdicts.record.replaced`
    """
    listed = verdicts.annotate(is_replaced=replaced(until))
    page = keyset.page_after(listed, size, NEWEST_FIRST, _place(mark))
    return page.rows, keyset.mark_of(page.last.decided_at, page.last.pk) if page.last else ""


def _place(mark: str) -> tuple[datetime, int] | None:
    """Return the place that a mark names; None when it is none."""
    place = keyset.read_mark(mark)
    number = read_id(place[1]) if place else 0
    return (place[0], number) if place and number else None
