"""The consensus of people's verdicts on a pair, for callers with many pairs at once: badges, duplicates, queues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from django.db.models import QuerySet

from gallery.batches import batches
from gallery.models import Image
from review.models import Verdict
from review.verdicts.record import current
from search.public.hooks import JudgedPairs

Kind = Verdict.Kind
Pair: TypeAlias = tuple[str, str]
"""SHA-256 sums of two images, the smaller first; see `review.verdicts.record.sorted_pair`."""
Ballot: TypeAlias = tuple[str, bool]
"""The kind of a person's current verdict, and whether that person adjudicated the pair."""

STANCES = {Kind.SAME: "together", Kind.NEAR_DUPLICATE: "together", Kind.RELATED: "related", Kind.DIFFERENT: "apart"}
"""Answers that contradict each other; "unsure" contradicts nobody."""
ADJUDICATOR_SLOT = 3
BATCH = 2000


@dataclass(frozen=True, slots=True)
class Summary:
    """What the verdicts that count say of one pair.

    Attributes
    ----------
    kind : what most people say, one of `Verdict.Kind`; empty where they are split
    num_people : whose verdicts count
    split : no answer has more votes than every other: the pair needs another opinion
    disagree : at least two people contradict each other, whether or not most are of one mind
    apart : nothing may bring the pair together again: "different" prevails, or stands against "related" only
    together : "same" or "near duplicate" prevails
    """

    kind: str
    num_people: int
    split: bool
    disagree: bool
    apart: bool
    together: bool


def summarize(ballots: Iterable[Ballot]) -> Summary:
    """Count the verdicts on one pair; where somebody adjudicated it, that verdict alone.

    Parameters
    ----------
    ballots : kind and "has adjudicated" of each person's current verdict, without the withdrawn ones

    Returns
    -------
    summary : the answer with the most votes prevails; a tie of two answers is a split

    Examples
    --------
    >>> summarize([("same", False), ("near_duplicate", False), ("different", False)]).kind
    'same'
    >>> summarize([("same", False), ("different", False)]).split
    True
    """
    return _summary(tuple(ballots))


@lru_cache(maxsize=4096)  # nearly all pairs have one of a few sets of verdicts
def _summary(listed: tuple[Ballot, ...]) -> Summary:
    kinds = [kind for kind, adjudicates in listed if adjudicates] or [kind for kind, _adjudicates in listed]
    votes = {"together": 0, "related": 0, "apart": 0}
    for kind in kinds:
        if kind in STANCES:
            votes[STANCES[Kind(kind)]] += 1
    most = max(votes.values())
    # Where nobody takes a stance all three are level at 0: that is no split, everybody is unsure.
    ahead = [stance for stance, number in votes.items() if number == most] if most else []
    prevails = ahead[0] if len(ahead) == 1 else ""
    return Summary(
        kind=_kind(kinds, prevails) if len(ahead) == 1 else Kind.UNSURE if kinds and not ahead else "",
        num_people=len(listed),
        split=len(ahead) > 1,
        disagree=sum(number > 0 for number in votes.values()) > 1,
        # "Related" is no vote for bringing the two together, so it does not outweigh a "different".
        apart=prevails == "apart" or (votes["apart"] > 0 and not votes["together"]),
        together=prevails == "together",
    )


def _kind(kinds: list[str], stance: str) -> str:
    """Return the kind by which most of those who take a stance say it; of two by as many, the stronger."""
    # max() takes the first of equals, and STANCES names the stronger kind first.
    return max((kind for kind, its_stance in STANCES.items() if its_stance == stance), key=kinds.count)


def kinds_of(pairs: Iterable[Pair]) -> dict[Pair, Summary]:
    """Return what counts of each pair that anybody judged; one database query for every 2,000 first images."""
    wanted = set(pairs)
    found: defaultdict[Pair, list[Ballot]] = defaultdict(list)
    for firsts in _batches({first for first, _second in wanted}):
        seconds = {second for first, second in wanted if first in firsts}
        rows = current().filter(first_sha256__in=firsts)
        # More sums than that would pass the database's limit of parameters; the others are sorted out here.
        for pair, ballot in ballots(rows.filter(second_sha256__in=seconds) if len(seconds) <= BATCH else rows):
            if pair in wanted:
                found[pair].append(ballot)
    return {pair: summarize(given) for pair, given in found.items()}


def among(hashes: Iterable[str]) -> dict[Pair, Summary]:
    """Return what counts of every pair of these images; one database query for every 2,000 of them."""
    known = set(hashes)
    found: defaultdict[Pair, list[Ballot]] = defaultdict(list)
    for firsts in _batches(known):
        rows = current().filter(first_sha256__in=firsts)
        for pair, ballot in ballots(rows.filter(second_sha256__in=known) if len(known) <= BATCH else rows):
            if pair[1] in known:
                found[pair].append(ballot)
    return {pair: summarize(given) for pair, given in found.items()}


def apart(hashes: Iterable[str]) -> set[Pair]:
    """Return the pairs of these images that are different by what people decided."""
    return {pair for pair, summary in among(hashes).items() if summary.apart}


def together(hashes: Iterable[str]) -> set[Pair]:
    """Return the pairs of these images that are the same or near duplicates by what people decided."""
    return {pair for pair, summary in among(hashes).items() if summary.together}


def ballots(verdicts: QuerySet[Verdict]) -> Iterator[tuple[Pair, Ballot]]:
    """Yield pair and ballot of each of these current verdicts but the withdrawn ones; one database query."""
    rows = verdicts.exclude(kind=Kind.WITHDRAWN).order_by()
    for first, second, kind, adjudicates in rows.values_list(
        "first_sha256", "second_sha256", "kind", "adjudicates"
    ).iterator(BATCH):
        yield (first, second), (kind, adjudicates)


def judged_pairs(*, collection_id: int | None, limit: int, seed: int) -> JudgedPairs:
    """Return the pairs that people found to belong together or not, as `search.evaluation.judged_pairs` asks for them.

    Of several authors the majority counts; where they are split the pair is left out, as is "related" and "unsure".
    """
    votes: defaultdict[Pair, list[Ballot]] = defaultdict(list)
    for pair, ballot in ballots(current()):
        votes[pair].append(ballot)
    images = Image.objects.shown()
    if collection_id is not None:
        images = images.filter(collections=collection_id)
    ids = dict(images.values_list("sha256", "pk"))
    # Sorted before the draw: the seed repeats it only among rows in one order, and the database promises none.
    rows = sorted(_judged(votes, ids))
    if len(rows) > limit:
        rows = [rows[n] for n in np.sort(np.random.default_rng(seed).choice(len(rows), limit, replace=False))]
    found = np.array(rows, np.int64).reshape(len(rows), 3)
    return JudgedPairs(found[:, 0], found[:, 1], found[:, 2].astype(bool))


def _judged(votes: Mapping[Pair, list[Ballot]], ids: Mapping[str, int]) -> Iterator[tuple[int, int, bool]]:
    for (first, second), given in votes.items():
        if first not in ids or second not in ids:
            continue
        summary = summarize(given)
        # "Different" against "related" keeps a pair apart, but is no clear answer to measure by.
        if summary.together or (summary.apart and not summary.split):
            one, other = sorted((ids[first], ids[second]))
            yield one, other, summary.together


def _batches(hashes: Iterable[str]) -> Iterator[set[str]]:
    """Yield hashes by as many as one query may name."""
    return map(set, batches(sorted(hashes), BATCH))
