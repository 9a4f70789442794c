"""What verdicts imply: where A is the same as B and B the same as C, A is the same as C. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two images that are different by a verdict on them, and the same by a chain of others.

    Attributes
    ----------
    different : the two images
    chain : images from the one to the other, at least two; each is "the same" as the next by a verdict
    """

    different: Edge
    chain: tuple[str, ...]


class Groups:
    """Disjoint sets of images: what is "the same" by any chain lies in one set.

    Union by size with path halving (Tarjan and van Leeuwen, 1984): nearly constant time for each edge.
    """

    def __init__(self, same: Iterable[Edge] = ()) -> None:
        self._above: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        for one, other in same:
            self.join(one, other)

    def root(self, image: str) -> str:
        """Return the image that stands for the set of an image; the image itself where it is in none."""
        above = self._above
        while above.get(image, image) != image:
            above[image] = above[above[image]]
            image = above[image]
        return image

    def join(self, one: str, other: str) -> None:
        """Make one set of the sets of two images."""
        small, large = sorted((self.root(one), self.root(other)), key=lambda root: self._sizes.get(root, 1))
        self._above.setdefault(large, large)
        if small != large:
            self._above[small] = large
            self._sizes[large] = self._sizes.get(small, 1) + self._sizes.get(large, 1)

    def joined(self, one: str, other: str) -> bool:
        """Tell whether two images are in one set."""
        return self.root(one) == self.root(other)


def chain(same: Iterable[Edge], start: str, end: str) -> tuple[str, ...]:
    """Return the shortest chain of "same" from one image to another, both included; empty where there is none.

    Breadth first; of two chains of one length, the one that is first by name.
    """
    beside: defaultdict[str, set[str]] = defaultdict(set)
    for one, other in same:
        beside[one].add(other)
        beside[other].add(one)
    came_from, waiting = {start: ""}, deque([start])
    while waiting and end not in came_from:
        image = waiting.popleft()
        for neighbor in sorted(beside[image]):
            if neighbor not in came_from:
                came_from[neighbor] = image
                waiting.append(neighbor)
    if end not in came_from:
        return ()
    found = [end]
    while found[-1] != start:
        found.append(came_from[found[-1]])
    return tuple(reversed(found))


def implied(same: Iterable[Edge], pair: Edge) -> tuple[str, ...]:
    """Return the chain by which two images are the same without a verdict on them; empty where none says so."""
    others = [edge for edge in same if set(edge) != set(pair)]
    return chain(others, *pair)


def contradictions(same: Iterable[Edge], different: Iterable[Edge], pair: Edge) -> list[Contradiction]:
    """Return the contradictions in which a pair of images has a part.

    Parameters
    ----------
    same, different : pairs by what their verdicts say
    pair : the pair that is looked at; those contradictions count whose chain goes through it, or that are about it

    Returns
    -------
    contradictions : each with its shortest chain, shortest first

    Examples
    --------
    >>> [found.chain for found in contradictions([("a", "b"), ("b", "c")], [("a", "c")], ("a", "c"))]
    [('a', 'b', 'c')]
    """
    edges = list(same)
    groups = Groups(edges)
    found = []
    for edge in different:
        if not groups.joined(*edge):
            continue
        through = chain(edges, *edge)
        steps = {frozenset(step) for step in pairwise(through)}
        if set(edge) == set(pair) or frozenset(pair) in steps:
            found.append(Contradiction(edge, through))
    return sorted(found, key=lambda each: (len(each.chain), each.different))
