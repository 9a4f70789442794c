"""What verdicts imply: where A is the same as B and B the same as C, A is the same as C. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[str, str]
MOST = 20
"""Contradictions that are looked for: nobody reads more of them at once."""


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

    Union by size with path halving (Tarjan and van Leeuwen, 1984): nearly constant time for each edge. By hand, because
    pages ask this, and the web process does not load SciPy, which has it.
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


class Ways:
    """The shortest chains of "same" from one image to every other: a tree, made breadth first.

    Of two chains of one length, the one that is first by name counts; graph libraries give any of them.

    Attributes
    ----------
    steps : by image, how many steps it is away; images that no chain leads to are not in it
    """

    def __init__(self, beside: Mapping[str, Iterable[str]], start: str) -> None:
        self.start = start
        self.steps = {start: 0}
        self._came_from: dict[str, str] = {}
        waiting = deque([start])
        while waiting:
            image = waiting.popleft()
            for neighbor in sorted(beside.get(image, ())):
                if neighbor not in self.steps:
                    self.steps[neighbor] = self.steps[image] + 1
                    self._came_from[neighbor] = image
                    waiting.append(neighbor)

    def to(self, end: str) -> tuple[str, ...]:
        """Return the chain to an image, both ends included; empty where there is none."""
        if end not in self.steps:
            return ()
        found = [end]
        while found[-1] != self.start:
            found.append(self._came_from[found[-1]])
        return tuple(reversed(found))


def chain(same: Iterable[Edge], start: str, end: str) -> tuple[str, ...]:
    """Return the shortest chain of "same" from one image to another, both included; empty where there is none."""
    return Ways(_neighbors(same), start).to(end)


def implied(same: Iterable[Edge], pair: Edge) -> tuple[str, ...]:
    """Return the chain by which two images are the same without a verdict on them; empty where none says so."""
    return chain([edge for edge in same if set(edge) != set(pair)], *pair)


def contradictions(same: Iterable[Edge], different: Iterable[Edge], pair: Edge) -> list[Contradiction]:
    """Return the contradictions in which a pair of images has a part, the shortest ones, at most MOST.

    Parameters
    ----------
    same, different : pairs by what their verdicts say
    pair : the pair that is looked at; those contradictions count whose shortest chain goes through it, or that are
        about it

    Returns
    -------
    contradictions : each with its shortest chain, shortest first

    Examples
    --------
    >>> [found.chain for found in contradictions([("a", "b"), ("b", "c")], [("a", "c")], ("a", "c"))]
    [('a', 'b', 'c')]
    """
    edges = list(same)
    beside = _neighbors(edges)
    # Without the pair, so that the two halves of a chain through it are measured from either side.
    here, there = (Ways(_neighbors(edge for edge in edges if set(edge) != set(pair)), image) for image in pair)
    joined = any(set(edge) == set(pair) for edge in edges)
    found, candidates = [], []
    for edge in different:
        if set(edge) == set(pair):
            found.append(Contradiction(edge, Ways(beside, edge[0]).to(edge[1])))
        elif joined and (length := _through(edge, here, there)) is not None:
            candidates.append((length, edge))
    # The two searches above give every length; only the shortest chains are worth a search of their own.
    for _length, edge in sorted(candidates)[:MOST]:
        through = Ways(beside, edge[0]).to(edge[1])
        if frozenset(pair) in {frozenset(step) for step in pairwise(through)}:
            found.append(Contradiction(edge, through))
    return sorted((each for each in found if each.chain), key=lambda each: (len(each.chain), each.different))[:MOST]


def _through(edge: Edge, here: Ways, there: Ways) -> int | None:
    """Return the length of the shortest chain between two images that goes through the pair; None without one."""
    # Through the pair in either direction.
    ways = [
        one.steps[start] + 1 + other.steps[end]
        for one, other in ((here, there), (there, here))
        for start, end in (edge,)
        if start in one.steps and end in other.steps
    ]
    return min(ways, default=None)


def _neighbors(same: Iterable[Edge]) -> Mapping[str, set[str]]:
    """Return what stands beside each image."""
    beside: defaultdict[str, set[str]] = defaultdict(set)
    for one, other in same:
        beside[one].add(other)
        beside[other].add(one)
    return beside
