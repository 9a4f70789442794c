"""Looks for kinds: groups of a library's images that are alike in more than what they show. Pure.

Cats are no kind among photographs: they are alike in content alone, and that is what a search for a cat is after.
X-ray images are one: their colors, their structure and their fingerprints are alike, too, whatever they show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.scoring.kinds import NONE, KindPlaces
from search.types import Vectors

MIN_IMAGES, MIN_SAMPLED = 100, 60
"""Images that a kind needs in the library, and among those that are looked at."""
MAX_KINDS = 8
"""Groups that are told apart at most, the largest; the rest comes on top."""
CLUSTERS, ROWS_PER_CLUSTER, ROUNDS = 32, 20, 12
LEVEL = 1.0
"""Decades from which on images of a kind are alike: one random pair of photographs in ten is."""
LEAST_BY_CONTENT, FEWEST, LEAST_BY_LOOKS = 0.6, 0.1, 0.3
"""Share of a kind that is so alike to each of its images by content, but for the FEWEST: more than half, or two kinds
could pass for one; and on average by looks."""
MIN_LOOKS = 2
"""Methods beside content that must find so; fewer where fewer are there."""
MEMBERS, COSTLY_MEMBERS = 300, 60
"""Images of a group that are compared with one another, by content and by looks."""
Compare = Callable[[NDArray[np.intp]], NDArray[np.float64]]
"""Takes places of m of the rows, and returns how rare all pairs among them are among random photographs, in decades:
shape (m, m), NaN on the diagonal and where a method has nothing to say."""


def find_kinds(rows: Vectors, num_images: int, content: Compare, looks: list[Compare], seed: int) -> KindPlaces | None:
    """Look for kinds among random rows of a library.

    The rows are parted into clusters (spherical k-means, Dhillon and Modha 2001), and the clusters joined again two by
    two, those first whose images are most alike on average. From the whole downwards, the first group that is a kind
    is taken as one.

    Parameters
    ----------
    rows : ndarray of shape (m, dim), float32, of length 1, by content
    num_images : of the library that they were drawn from
    content : compares by content
    looks : compare by other methods, which say whether images look alike whatever they show
    seed : of the clusters

    Returns
    -------
    places : with the rest as the last kind, if it is large enough; None where there is no kind, or only one
    """
    least = max(MIN_SAMPLED, MIN_IMAGES * len(rows) / max(num_images, 1))
    if len(rows) < 2 * least or not looks:
        return None
    count = min(CLUSTERS, len(rows) // ROWS_PER_CLUSTER)
    centers, member_of = _cluster(np.asarray(rows, np.float32), count, np.random.default_rng(seed))
    groups = [group for group in _groups(rows, member_of, content, looks) if _size(member_of, group) >= least]
    groups.sort(key=lambda group: -_size(member_of, group))
    kinds = np.full(len(centers), NONE, np.int8)
    for number, group in enumerate(groups[:MAX_KINDS]):
        kinds[group] = number
    others = np.flatnonzero(kinds == NONE).tolist()
    rest = int(kinds.max()) + 1 if groups and _size(member_of, others) >= least else NONE
    kinds[others] = rest
    # What is all of one kind is judged by its own pairs without further ado.
    return KindPlaces(centers, kinds, rest) if kinds.max() > 0 or (groups and others) else None


def _size(member_of: NDArray[np.intp], clusters: list[int]) -> int:
    return int(np.isin(member_of, clusters).sum())


def _cluster(
    rows: NDArray[np.float32], count: int, generator: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return centers of length 1, and the nearest center of each row; every center has a row."""
    centers = rows[generator.choice(len(rows), count, replace=False)]
    for _round in range(ROUNDS):
        nearest = np.argmax(rows @ centers.T, axis=1)
        sums = np.array([rows[nearest == number].sum(axis=0) for number in np.unique(nearest)])
        centers = np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9), np.float32)
    used, nearest = np.unique(np.argmax(rows @ centers.T, axis=1), return_inverse=True)
    return centers[used], nearest


@dataclass(frozen=True, slots=True)
class _Group:
    """Clusters, and the two groups that they were joined from."""

    clusters: list[int]
    parts: tuple[_Group, ...] = ()


def _groups(rows: Vectors, member_of: NDArray[np.intp], content: Compare, looks: list[Compare]) -> Iterator[list[int]]:
    """Yield the clusters of each group that is a kind."""
    waiting = [_joined(rows, member_of)]
    while waiting:
        group = waiting.pop()
        members = np.flatnonzero(np.isin(member_of, group.clusters))
        if len(members) < MIN_SAMPLED:
            continue
        if _is_kind(members, content, looks):
            yield group.clusters
        else:
            waiting += group.parts


def _joined(rows: Vectors, member_of: NDArray[np.intp]) -> _Group:
    """Join clusters two by two, those first whose images are most alike on average; return the whole."""
    groups = [_Group([number]) for number in range(member_of.max() + 1)]
    sums = [rows[member_of == number].sum(axis=0) for number in range(len(groups))]
    sizes = np.bincount(member_of).astype(np.float64).tolist()
    while len(groups) > 1:
        means = np.array(sums) / np.array(sizes)[:, None]
        alike = means @ means.T
        np.fill_diagonal(alike, -np.inf)
        one, other = sorted(int(place) for place in np.unravel_index(np.argmax(alike), alike.shape))
        last = groups.pop(other)
        groups[one] = _Group(groups[one].clusters + last.clusters, (groups[one], last))
        sums[one], sizes[one] = sums[one] + sums.pop(other), sizes[one] + sizes.pop(other)
    return groups[0]


def _is_kind(members: NDArray[np.intp], content: Compare, looks: list[Compare]) -> bool:
    """Tell whether nearly every member is like the others by content, and on average by the looks of them, too."""
    if np.quantile(_shares(content, members, MEMBERS), FEWEST) < LEAST_BY_CONTENT:
        return False
    alike = sum(bool(np.mean(_shares(look, members, COSTLY_MEMBERS)) >= LEAST_BY_LOOKS) for look in looks)
    return alike >= min(MIN_LOOKS, len(looks))


def _shares(compare: Compare, members: NDArray[np.intp], most: int) -> NDArray[np.float64]:
    """Return of some members the share of the others that are so alike; 0 where nothing is known of one."""
    drawn = members[np.unique(np.linspace(0, len(members) - 1, min(most, len(members))).astype(int))]
    decades = compare(drawn)
    known = np.isfinite(decades).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray((decades >= LEVEL).sum(axis=1) / np.maximum(known, 1))
