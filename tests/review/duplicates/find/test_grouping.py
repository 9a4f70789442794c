"""Groups out of links: whole, split, marked, and held apart."""

from __future__ import annotations

import numpy as np

from review.duplicates.find.grouping import Group, components, group, unlinked
from review.duplicates.find.pairs import Pairs

Links = dict[tuple[int, int], float]


def grouped(links: Links, forbidden: set[tuple[int, int]] | None = None) -> list[Group]:
    ordered = sorted(links)
    return group(Pairs.listed(ordered), np.array([links[pair] for pair in ordered], np.float64), forbidden or set())


def test_it_works() -> None:
    first, second = grouped({(1, 2): 0.9, (2, 3): 0.8, (1, 3): 0.6, (7, 8): 1.0})
    assert first.members == (2, 1, 3)  # 2 has the strongest links
    assert first.nearest == (1, 2, 2)
    assert first.scores == (0.9, 0.9, 0.8)
    assert first.score == 0.8
    assert second == Group((7, 8), (8, 7), (1.0, 1.0), 1.0)
    assert unlinked([first, second], Pairs.listed([(1, 2), (2, 3), (1, 3), (7, 8)])) == [[], []]


def test_a_star_is_one_group_and_tells_of_its_gaps() -> None:
    links = {(1, 5): 0.9, (2, 5): 0.8, (3, 5): 0.7}
    (found,) = grouped(links)
    assert found.members == (5, 1, 2, 3)
    assert unlinked([found], Pairs.listed(links)) == [[(1, 2), (1, 3), (2, 3)]]


def test_a_long_chain_is_split() -> None:
    chain = {(number, number + 1): 0.9 for number in range(1, 9)}
    found = grouped(chain)
    assert all(len(each.members) <= 3 for each in found)
    members = [image for each in found for image in each.members]
    assert len(members) == len(set(members))


def test_pairs_that_are_apart_are_in_no_group_together() -> None:
    links = {(1, 2): 0.9, (1, 3): 0.8, (2, 3): 0.7}
    (found,) = grouped(links, {(2, 3)})
    assert found.members == (1, 2)  # 3 may not join 2, whom the hub is closer to
    assert grouped({(1, 2): 0.9}, {(1, 2)}) == []


def test_what_is_left_of_a_star_makes_a_group_of_its_own() -> None:
    links = {(1, 2): 0.9, (1, 3): 0.8, (1, 4): 0.8, (3, 4): 0.7}
    found = grouped(links, {(2, 3), (2, 4)})
    assert [each.members for each in found] == [(1, 2), (3, 4)]


def test_the_same_links_give_the_same_groups() -> None:
    links = {(1, 2): 0.5, (2, 3): 0.5, (3, 4): 0.5, (1, 4): 0.5}
    turned = dict(reversed(links.items()))
    assert grouped(links) == grouped(turned)


def test_components() -> None:
    links = {1: {2: 1.0}, 2: {1: 1.0, 3: 1.0}, 3: {2: 1.0}, 9: {8: 1.0}, 8: {9: 1.0}}
    assert components(links) == [[1, 2, 3], [8, 9]]


def test_each_component_is_told_of() -> None:
    ticks: list[int] = []
    pairs = Pairs.listed([(1, 2), (2, 3), (8, 9)])
    group(pairs, np.ones(3), tick=lambda: ticks.append(1))
    assert len(ticks) == 2


def test_nothing() -> None:
    assert grouped({}) == []
    assert unlinked([], Pairs.listed([])) == []
