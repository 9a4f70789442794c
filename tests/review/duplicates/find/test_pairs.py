"""Pairs of images as arrays."""

from __future__ import annotations

import numpy as np

from review.duplicates.find.pairs import Pairs


def test_it_works() -> None:
    pairs = Pairs.listed([(3, 1), (1, 3), (2, 2), (5, 4)])
    assert pairs.first.tolist() == [1, 4]
    assert pairs.second.tolist() == [3, 5]
    assert pairs.size == 2
    assert pairs.take(np.array([False, True])).second.tolist() == [5]


def test_joined_holds_each_pair_once() -> None:
    joined = Pairs.listed([(1, 2)]).joined(Pairs.listed([(2, 1), (1, 7)]))
    assert list(zip(joined.first.tolist(), joined.second.tolist(), strict=True)) == [(1, 2), (1, 7)]


def test_among_compares_whole_pairs() -> None:
    pairs = Pairs.listed([(1, 2), (1, 3), (2, 3)])
    assert pairs.among(Pairs.listed([(1, 3), (9, 3)])).tolist() == [False, True, False]
    assert pairs.among(Pairs.listed([])).tolist() == [False, False, False]


def test_no_pairs() -> None:
    nothing = Pairs.listed([])
    assert nothing.size == 0
    assert nothing.joined(nothing).size == 0
    assert nothing.among(Pairs.listed([(1, 2)])).tolist() == []
