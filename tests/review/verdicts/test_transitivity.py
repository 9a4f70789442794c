"""What verdicts imply."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.verdicts.transitivity import Contradiction, Groups, chain, contradictions, implied

SAME = [("a", "b"), ("b", "c"), ("c", "d"), ("x", "y")]
EDGES = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=12)


def test_it_works() -> None:
    groups = Groups(SAME)
    assert groups.joined("a", "d")
    assert not groups.joined("a", "x")
    assert chain(SAME, "a", "d") == ("a", "b", "c", "d")
    assert contradictions(SAME, [("a", "d")], ("a", "d")) == [Contradiction(("a", "d"), ("a", "b", "c", "d"))]


def test_an_image_in_no_set_is_alone() -> None:
    groups = Groups()
    assert groups.root("z") == "z"
    assert groups.joined("z", "z")
    assert not groups.joined("z", "a")


def test_without_a_chain_there_is_none() -> None:
    assert chain(SAME, "a", "x") == ()
    assert chain([], "a", "b") == ()
    assert chain(SAME, "a", "a") == ("a",)


def test_the_shortest_chain_is_named() -> None:
    assert chain([*SAME, ("a", "c")], "a", "d") == ("a", "c", "d")


def test_of_two_chains_the_first_by_name() -> None:
    assert chain([("a", "c"), ("c", "d"), ("a", "b"), ("b", "d")], "a", "d") == ("a", "b", "d")


def test_a_verdict_on_the_pair_itself_implies_nothing() -> None:
    assert implied([("a", "b")], ("a", "b")) == ()
    assert implied([("a", "b"), ("b", "c"), ("a", "c")], ("a", "c")) == ("a", "b", "c")


@pytest.mark.parametrize(("pair", "number"), [(("a", "b"), 1), (("c", "d"), 1), (("x", "y"), 0), (("a", "d"), 1)])
def test_only_contradictions_of_the_pair_are_named(pair: tuple[str, str], number: int) -> None:
    assert len(contradictions(SAME, [("a", "d")], pair)) == number


def test_same_between_two_groups_meets_every_difference_between_them() -> None:
    found = contradictions([*SAME, ("d", "x")], [("a", "y"), ("b", "x"), ("a", "z")], ("d", "x"))
    assert [each.different for each in found] == [("b", "x"), ("a", "y")]
    assert found[0].chain == ("b", "c", "d", "x")


@settings(max_examples=60, deadline=None)
@given(EDGES, st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh"))
def test_two_are_joined_exactly_where_a_chain_leads(edges: list[tuple[str, str]], one: str, other: str) -> None:
    found = chain(edges, one, other)
    assert Groups(edges).joined(one, other) == bool(found)
    both_ways = {*edges, *((second, first) for first, second in edges)}
    assert all(step in both_ways for step in pairwise(found))
