"""Sets of images that somebody decided to keep whole, and pairs that are different: what never comes again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, QuerySet

from gallery.batches import batches
from review.models import DecidedImage, DuplicateDecision, Verdict
from review.verdicts.blinding import hidden_from
from review.verdicts.consensus import apart, kinds_of
from review.verdicts.record import current

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

Kind = DuplicateDecision.Kind
Pair = tuple[str, str]
"""SHA-256 sums, the smaller first."""


def in_force() -> QuerySet[DuplicateDecision]:
    """Return the decisions that nobody has undone."""
    undone = DuplicateDecision.objects.filter(undoes=OuterRef("pk"))
    return DuplicateDecision.objects.exclude(kind=Kind.UNDONE).filter(~Exists(undone))


def kept_sets(hashes: Iterable[str] | None = None, *, after: int = 0) -> dict[int, frozenset[str]]:
    """Return the sets that are kept whole, by decision.

    Parameters
    ----------
    hashes : only sets with at least two of these images, or one that is alone in its set; None: all sets
    after : only decisions with a greater id

    Returns
    -------
    sets : of SHA-256 sums; one database query for every 500 hashes
    """
    keeping = in_force().filter(kind=Kind.KEEP_ALL, pk__gt=after)
    rows = DecidedImage.objects.filter(decision__in=keeping).order_by()
    found: defaultdict[int, set[str]] = defaultdict(set)
    parts = [None] if hashes is None else list(batches(sorted(set(hashes))))
    for part in parts:
        chosen = rows if part is None else rows.filter(sha256__in=part)
        for decision_id, sha256 in chosen.values_list("decision_id", "sha256").iterator():
            found[decision_id].add(sha256)
    return {decision_id: frozenset(each) for decision_id, each in found.items()}


def pairs_within(sets: Iterable[Collection[str]]) -> set[Pair]:
    """Return the pairs inside each of the sets."""
    return {(first, second) for each in sets for first, second in combinations(sorted(each), 2)}


def settled_pairs(hashes: Collection[str], user: User | AnonymousUser) -> tuple[set[Pair], set[Pair]]:
    """Return, of these images, the pairs that are different and those that are kept; see `kept_sets`.

    Parameters
    ----------
    hashes : SHA-256 sums
    user : who looks; of pairs that wait for two blind readers, those that this person found different
    """
    different = apart(hashes)
    hidden = hidden_from(user, different)
    # What is hidden counts only as far as this person said it.
    return different - hidden | _told_by(user, hidden), pairs_within(kept_sets(hashes).values())


def doubted_pairs(pairs: Collection[Pair], user: User | AnonymousUser) -> set[Pair]:
    """Return the pairs that no act on many groups may decide: people disagree about them, or are unsure.

    Those that wait for two blind readers are doubted whatever was said of them, so that nothing can be concluded.
    """
    found = kinds_of(pairs).items()
    doubted = {pair for pair, summary in found if summary.disagree or summary.kind == Verdict.Kind.UNSURE}
    return doubted | hidden_from(user, pairs)


def _told_by(user: User | AnonymousUser, pairs: set[Pair]) -> set[Pair]:
    """Return those of the pairs that are different by what this person said."""
    if not pairs or not user.is_authenticated:
        return set()
    said = current().filter(author=user, kind=Verdict.Kind.DIFFERENT, first_sha256__in={first for first, _ in pairs})
    return pairs & set(said.values_list("first_sha256", "second_sha256"))


def as_ids(pairs: Iterable[Pair], id_of: Mapping[str, int]) -> set[tuple[int, int]]:
    """Return pairs as image ids, the smaller first; those with an image that is not there are left out."""
    known = ((id_of[first], id_of[second]) for first, second in pairs if first in id_of and second in id_of)
    return {(min(pair), max(pair)) for pair in known}
