"""What verdicts on other pairs imply for a pair: read step by step from the database, as far as a person may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from gallery.models import Image
from review.models import Verdict
from review.verdicts.blinding import hidden_from
from review.verdicts.consensus import Pair, Summary, among
from review.verdicts.transitivity import Groups, contradictions, implied

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MAX_STEPS = 8
MAX_IMAGES = 100
"""Farther than this nobody follows a chain; one database query a step."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Images from one to another, each "the same" as the next; with the two that are nevertheless "different"."""

    images: tuple[Image, ...]
    different: tuple[Image, Image] | None = None


@dataclass(frozen=True, slots=True)
class RelatedVerdicts:
    """What counts around a pair.

    Attributes
    ----------
    summary : of the pair itself; None: nobody judged it
    implied : the chain by which the two are the same without a verdict on them; None: there is none
    contradictions : chains that contradict a "different", this pair being part of it
    hidden : what others decided about the pair is not to be known yet; pairs of that kind are no part of chains
    """

    summary: Summary | None
    implied: Chain | None
    contradictions: list[Chain]
    hidden: bool


def related_to(user: User | AnonymousUser, pair: Pair) -> RelatedVerdicts:
    """Return what the verdicts of all come to around a pair.

    Parameters
    ----------
    user : chains through images that this person may not see are left out
    pair : SHA-256 sums, sorted
    """
    known = _read(pair)
    hidden = hidden_from(user, {*known, pair})
    found = {each: summary for each, summary in known.items() if each not in hidden}
    same = [each for each, summary in found.items() if summary.kind == Verdict.Kind.SAME]
    # As if the pair were the same, too: chains that lead away from either image are then in one set.
    groups = Groups([*same, pair])
    nodes = {image for edge in same for image in edge if groups.joined(image, pair[0])} - set(pair)
    if not nodes:
        return RelatedVerdicts(found.get(pair), None, [], pair in hidden)
    visible = Image.objects.visible_to(user).filter(sha256__in=nodes | set(pair))
    images = {image.sha256: image for image in visible}
    # A chain through an image that this person may not see would tell of it.
    same = [edge for edge in same if edge[0] in images and edge[1] in images]
    apart = [
        edge for edge, summary in found.items() if summary.kind == Verdict.Kind.DIFFERENT and set(edge) <= set(images)
    ]
    through = implied(same, pair)
    return RelatedVerdicts(
        found.get(pair),
        _chain(through, images) if through else None,
        [_chain(each.chain, images, each.different) for each in contradictions(same, apart, pair)],
        pair in hidden,
    )


def _chain(hashes: tuple[str, ...], images: Mapping[str, Image], different: Pair | None = None) -> Chain:
    ends = (images[different[0]], images[different[1]]) if different else None
    return Chain(tuple(images[sha256] for sha256 in hashes), ends)


def _read(pair: Pair) -> dict[Pair, Summary]:
    """Return what counts of every pair of the images that anybody found to be the same as one of these two."""
    known, latest = set(pair), set(pair)
    for _step in range(MAX_STEPS):
        touching = Q(first_sha256__in=latest) | Q(second_sha256__in=latest)
        rows = Verdict.objects.filter(touching, kind=Verdict.Kind.SAME).order_by()
        alike = {sha256 for edge in rows.values_list("first_sha256", "second_sha256") for sha256 in edge}
        latest = set(sorted(alike - known)[: MAX_IMAGES - len(known)])  # sorted: the same ones each time
        known |= latest
        if not latest:
            break
    return among(known)
