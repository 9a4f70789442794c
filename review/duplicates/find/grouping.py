"""From links between images to groups: components of the graph, held together by one image that is linked to all.

Links are not transitive: of a row of photographs taken one after the other, the first and the last may show different
things. So a component becomes one group only where one of its images, the hub, is linked to every other; else it is
split around the images with the most links. A group with two images that are alike only through the hub is a *chain*,
which the caller may tell by `unlinked`. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from review.duplicates.find.pairs import Pairs

Pair = tuple[int, int]
Tick = Callable[[], None]
"""Called now and then by work that is long where there is much of it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Images that are probably one picture.

    Attributes
    ----------
    members : image ids, the hub first, then those closest to it
    nearest : of each member the closest other member that it is linked to
    scores : of each member the score of that link
    score : the least of the links to the hub
    """

    members: tuple[int, ...]
    nearest: tuple[int, ...]
    scores: tuple[float, ...]
    score: float


Links = Mapping[int, Mapping[int, float]]
"""Image -> linked image -> score, both ways."""


def no_tick() -> None:
    """Tell nobody."""


def group(
    pairs: Pairs, scores: NDArray[np.float64], forbidden: Collection[Pair] = (), tick: Tick = no_tick
) -> list[Group]:
    """Group images by their links.

    Parameters
    ----------
    pairs : linked images
    scores : ndarray of shape (n,), of the links, larger is closer
    forbidden : pairs of image ids, the smaller first, that no group may hold together, whatever links them
    tick : called before each component is split

    Returns
    -------
    groups : of two images or more; no image is in two of them
    """
    barred = set(forbidden)
    links: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for one, other, score in zip(pairs.first.tolist(), pairs.second.tolist(), scores.tolist(), strict=True):
        if (one, other) not in barred:
            links[one][other] = links[other][one] = score
    groups: list[Group] = []
    for component in components(links):
        tick()
        groups += _split(component, links, barred)
    return groups


def components(links: Links) -> list[list[int]]:
    """Return the connected sets of images, each ascending, by their smallest image."""
    from scipy.sparse import coo_array  # here: the web process loads this module, not SciPy
    from scipy.sparse.csgraph import connected_components

    images = np.array(sorted(links), np.int64)
    degrees = [len(links[image]) for image in images.tolist()]
    linked = np.fromiter((other for image in images.tolist() for other in links[image]), np.int64, sum(degrees))
    ends = np.repeat(np.arange(len(images)), degrees), np.searchsorted(images, linked)
    _count, labels = connected_components(coo_array((np.ones(len(linked), np.int8), ends), (len(images),) * 2))
    found: defaultdict[int, list[int]] = defaultdict(list)
    for image, label in zip(images.tolist(), labels.tolist(), strict=True):
        found[label].append(image)
    return list(found.values())


def _split(component: Iterable[int], links: Links, barred: set[Pair]) -> Iterator[Group]:
    """Split a component into stars: again and again the image with the most links, and those linked to it."""
    left = set(component)
    while len(left) > 1:
        hub = max(left, key=lambda image: (*_standing(image, left, links), -image))  # the oldest of equals: scans agree
        members = [hub]
        # Closest first: of two that may not be together, the farther one is left to another group.
        for other in _closest(hub, left, links):
            if barred.isdisjoint(_pairs_with(other, members)):
                members.append(other)
        left -= set(members)  # the hub at least, so this ends
        if len(members) > 1:
            yield _make(members, links)


def _standing(image: int, left: Collection[int], links: Links) -> tuple[int, float]:
    """Return how many links an image has to those that are left, and what their scores add up to."""
    scores = [score for other, score in links[image].items() if other in left]
    return len(scores), sum(scores)


def _closest(hub: int, left: Collection[int], links: Links) -> list[int]:
    """Return the images linked to a hub that are left, closest first."""
    near = [(-score, other) for other, score in links[hub].items() if other in left]
    return [other for _score, other in sorted(near)]


def _pairs_with(image: int, others: Iterable[int]) -> set[Pair]:
    return {(min(image, other), max(image, other)) for other in others}


def _make(members: list[int], links: Links) -> Group:
    inside = set(members)
    best = [max((score, -other) for other, score in links[image].items() if other in inside) for image in members]
    return Group(
        members=tuple(members),
        nearest=tuple(-other for _score, other in best),
        scores=tuple(score for score, _other in best),
        score=min(links[members[0]][other] for other in members[1:]),
    )


def unlinked(groups: Iterable[Group], pairs: Pairs) -> list[list[Pair]]:
    """Return of each group the pairs of its members, the smaller first, that no link joins."""
    known = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    return [[pair for pair in combinations(sorted(each.members), 2) if pair not in known] for each in groups]
